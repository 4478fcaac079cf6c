"""Maps of captum and xplique for the pictures of `truth.py`, so that its table has their rows.

    python benchmarks/peers_explain.py setup FOLDER
    python benchmarks/truth.py WORK --networks plain,motifnet
    python benchmarks/truth_peers.py FOLDER WORK [--networks plain,motifnet] [--pictures 24]
    python benchmarks/truth.py WORK --networks plain,motifnet --made

Each peer explains the same logits of the same pictures on the same weights, with its own defaults where they fit the
size of the picture. `plain` is built anew from layers of the peer's own framework, because methods that change the
gradient of a ReLU must see those. motifnet is called as one function, so only methods that need no layers get a row.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

PEERS = ("captum", "xplique")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with the environments of the peers")
    parser.add_argument("work", type=Path, help="the folder of truth.py")
    parser.add_argument("--networks", default="plain,motifnet")
    parser.add_argument("--pictures", type=int, default=24, help="pairs of motifs")
    given = parser.parse_args()
    for network in given.networks.split(","):
        for peer in PEERS:
            program = Path(__file__).parent / "peers" / f"truth_{peer}.py"
            words = [given.folder / peer / "bin" / "python", program, given.work, network, str(given.pictures)]
            subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
