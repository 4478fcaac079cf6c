"""A mark for tests of graphs, which tensorflow alone has."""

from __future__ import annotations

import pytest

from dreampipe.backend import choosing

graphs_only = pytest.mark.skipif(choosing.name() != "tensorflow", reason="only tensorflow has graphs")
