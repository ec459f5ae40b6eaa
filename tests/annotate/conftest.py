"""What the tests of kinmo-annotate share: the folder itself, for `processes` and `puppets`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
