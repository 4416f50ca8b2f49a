from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from seams import Place, place

OUT = Path(__file__).resolve().parents[2] / "out"


@pytest.fixture
def here() -> Iterator[Place]:
    """A fresh place beside the sources: in a folder for temporary files, removing is nobody's business."""
    OUT.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="place-", dir=OUT))
    yield place(folder)
    shutil.rmtree(folder)
