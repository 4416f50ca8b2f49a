"""Lets the tests of this folder import `scenes`, and `train` from the repository's root."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(path) for path in (HERE, HERE.parents[1]) if str(path) not in sys.path]
