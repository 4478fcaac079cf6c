"""Records within XMP packets (ISO 16684-1): one property in a namespace of our own.

A packet of another program is not parsed unless that namespace stands in it. Packets are trees of XML, and XML may ask
for more than its bytes say: one that declares anything of its own is refused.
"""

from __future__ import annotations

LONGEST = 1 << 20
"""The most bytes of a record."""
