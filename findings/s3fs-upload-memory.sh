#!/usr/bin/env bash
# s3fs uploads a file with twice the file in memory, up to a gigabyte.
#
# Expected: `put_file` sends a file in parts, so it takes about the memory of a part or two, however large the file.
# Seen: s3fs 2026.9.0 reads ten parts of 50 MB at once, and each is held twice while it is sent: a file of 400 MB
#   takes 800 MB more than before. With `max_concurrency=1` it takes 100 MB.
# Why it hurts: a worker that dreams films in little memory is killed when it saves its result, after the work; short
#   clips pass every test, as the memory grows with the file.
# Instead: `put_file(..., max_concurrency=1)` or 2, or a smaller `chunksize` (at least 5 MiB).
#
# Output seen:
#   s3fs 2026.9.0
#   400 MB, max_concurrency=1: 0.25 of the file more in memory
#   400 MB, as by default: 2.00 of the file more in memory
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
server=""
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet s3fs==2026.9.0 "moto[server]==5.2.5"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/venv/bin/python" -m moto.server -H 127.0.0.1 -p "$port" > "$folder/log" 2>&1 &
server=$!
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()" 2>/dev/null; do sleep 0.2; done
truncate -s 400M "$folder/film"

cd "$folder"
export AWS_ENDPOINT_URL_S3="http://127.0.0.1:$port" AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=nothing
cat > upload.py <<'PYTHON'
import json
import os
import resource
import sys

import s3fs

files = s3fs.S3FileSystem()
files.mkdirs("bucket-of-films", exist_ok=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
files.put_file("film", "bucket-of-films/film", **json.loads(sys.argv[1]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before) / os.path.getsize("film"))
PYTHON
"$folder/venv/bin/python" -c 'import s3fs; print("s3fs", s3fs.__version__)'
one=$("$folder/venv/bin/python" upload.py '{"max_concurrency": 1}')
printf '400 MB, max_concurrency=1: %.2f of the file more in memory\n' "$one"
usual=$("$folder/venv/bin/python" upload.py '{}')
printf '400 MB, as by default: %.2f of the file more in memory\n' "$usual"
python3 -c "import sys; sys.exit(not ($one < 0.6 and $usual > 1.4))"
