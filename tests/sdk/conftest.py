from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from magistrate.testing.places import lasting_folder

sys.path.insert(0, str(Path(__file__).parent))
from seams import Place, place

OUT = Path(__file__).resolve().parents[2] / "out"


@pytest.fixture
def here() -> Iterator[Place]:
    """A fresh place beside the sources: in a folder for temporary files, removing is nobody's business."""
    folder = lasting_folder(OUT, "place-")
    yield place(folder)
    shutil.rmtree(folder)
