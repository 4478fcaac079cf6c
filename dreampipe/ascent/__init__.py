"""How to climb: the engine (`engine`), the sizes it climbs at (`octaves`) and one compiled step (`climber`)."""

from dreampipe.ascent.engine import Ascent, Result, Step
from dreampipe.ascent.octaves import Octaves

__all__ = ["Ascent", "Octaves", "Result", "Step"]
