"""Object stores and other file systems that fsspec knows, as places of inputs and outputs.

Everything else works with files on this disk. An object has a place in a mirror, a folder on this disk whose paths
follow the addresses: `s3://bucket/photos/a.jpg` is `MIRRORS/RUN/s3/bucket/photos/a.jpg`. So a path in a mirror says its
address, in any process.

    addresses.py  addresses, and the path of an address in a mirror
    stores.py     list, fetch, put and remove objects, with retries; faults.py, errors as sentences
    storing.py    `Storage`: brings what an engine needs for an output, and sends what it made
    shards.py     the manifest of a folder in a store
    leases.py     one driver at a time writes to a place
    staging.py    the addresses of a command as paths; stubs.py, files that stand for objects
    copies.py     notes that tell copies of outputs from outputs that could not be sent

Nothing here loads fsspec before an address comes.
"""

from __future__ import annotations

from dreampipe.media.storage.addresses import Address, address_of, is_address, show_addresses
from dreampipe.media.storage.storing import Storage, send_outputs

__all__ = ["Address", "Storage", "address_of", "is_address", "send_outputs", "show_addresses"]
