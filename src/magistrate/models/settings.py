"""Which model to ask and when, from a TOML file that people write.

[model]
name = "qwen2.5-coder-7b-instruct"     # as the endpoint calls it
url = "http://127.0.0.1:8080/v1"       # or file = "/models/some.gguf", run in this process
key_env = "MODEL_KEY"                  # the variable that holds the endpoint's key; the key itself never stands here
deadline = 20.0                        # seconds
at_once = 4                            # calls under way at a time
price = [0.15, 0.60]                   # of a million tokens read and written
hourly = 2.0                           # most that any hour may cost
prompt = 1200                          # tokens of a prompt
threshold = 0.4                        # score from which an allow goes to a person; left out: the word decides

[cascade]                              # see `magistrate calibrate`; left out: the model sees all that rules and screen let pass
low = 0.004
high = 0.61
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.core.records import Record
from magistrate.models.base import Model
from magistrate.models.limits import Spending
from magistrate.models.local import Local
from magistrate.models.remote import Remote

FILE = "model.toml"
"""Its name in the state folder."""


class ModelSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[model]`."""

    name: str
    url: str = ""
    file: str = ""
    key_env: str = ""
    key_file: str = ""
    deadline: float = 20.0
    at_once: int = 4
    price: tuple[float, float] = (0.0, 0.0)
    hourly: float = 0.0
    """0: no limit."""
    prompt: int = 1200
    threshold: float | None = None
    threads: int = 0


class CascadeSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[cascade]`: thresholds on the screen's score."""

    low: float
    high: float


class Settings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    model: ModelSettings
    cascade: CascadeSettings | None = None


def load(path: Path) -> Settings:
    """Read the file. Raises ConfigError that names it, what is wrong, and where."""
    try:
        settings = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Settings)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from None
    model = settings.model
    if bool(model.url) == bool(model.file):
        raise ConfigError(f"{path}: [model] needs either a url or a file")
    if model.deadline <= 0 or model.at_once < 1 or model.prompt < 400 or min(model.price) < 0 or model.hourly < 0:
        raise ConfigError(f"{path}: [model] deadline > 0, at_once >= 1, prompt >= 400, price and hourly >= 0")
    if model.hourly and not any(model.price):
        raise ConfigError(f"{path}: [model] hourly limits a cost, so it needs a price")
    return settings


def _key(model: ModelSettings) -> str:
    """The endpoint's key. Raises ConfigError when it is named and not there, or lies open to others."""
    if model.key_file:
        path = Path(model.key_file).expanduser()
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigError(f"{path}: the model's key lies open to others; chmod 600 it")
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: the model's key cannot be read: {error}") from None
    key = os.environ.get(model.key_env, "") if model.key_env else ""
    if model.key_env and not key:
        raise ConfigError(f"the variable {model.key_env}, which should hold the model's key, is empty")
    return key


def connect(model: ModelSettings) -> Model:
    """The model that the settings name. Raises ConfigError when its key, file or library is missing."""
    if model.file:
        return Local(Path(model.file).expanduser(), name=model.name, threads=model.threads)
    key = _key(model)
    return Remote(
        model.name,
        url=model.url,
        key=key,
        at_once=model.at_once,
        price=model.price,
        spending=Spending(model.hourly) if model.hourly else None,
    )
