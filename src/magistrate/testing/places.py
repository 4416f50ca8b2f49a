"""Folders for tests that delete things: not among temporary files, where deleting is nobody's harm."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path

_PASSING = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108  looked at, not used


def lasting_folder(beside: Path, prefix: str) -> Path:
    """A fresh folder in `beside`, or, where that itself lies among temporary files, in the home of this user."""
    if f"{beside.resolve()}/".startswith(_PASSING):
        beside = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".lasting-test-folders"
    beside.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
