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
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.core.records import Record
from magistrate.models.base import Model
from magistrate.models.limits import Spending
from magistrate.models.local import Local
from magistrate.models.remote import Remote

FILE = "model.toml"
"""Its name in the state folder."""
SPENT = "spent.db"
"""Of what models cost in the last hour, in the state folder."""


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
    for wrong in _wrong(settings):
        raise ConfigError(f"{path}: {wrong}")
    return settings


def _wrong(settings: Settings) -> Iterator[str]:
    """What cannot be meant."""
    model, cascade = settings.model, settings.cascade
    if not model.name.strip():
        yield "[model] name is empty; write the model's name as the endpoint calls it"
    if bool(model.url) == bool(model.file):
        yield "[model] needs either a url or a file"
    if model.url and not _is_endpoint(model.url):
        yield "[model] url is no endpoint; write http://HOST:PORT/v1 or https://HOST/v1, and name the key in key_env or key_file"
    if model.key_env and model.key_file:
        yield "[model] needs one of key_env and key_file, not both"
    for name, value in (("deadline", model.deadline), ("price", sum(model.price)), ("hourly", model.hourly)):
        if not isfinite(value):
            yield f"[model] {name} = {value:g} is no number to count with"
    if (
        model.deadline <= 0
        or min(model.at_once, model.threads + 1) < 1
        or model.prompt < 400
        or min(*model.price, model.hourly) < 0
    ):
        yield "[model] deadline > 0, at_once >= 1, threads >= 0, prompt >= 400, price and hourly >= 0"
    if model.threshold is not None and not 0 <= model.threshold <= 1:
        yield f"[model] threshold = {model.threshold:g} is no probability; write one between 0 and 1, or leave it out"
    if model.hourly and not any(model.price):
        yield "[model] hourly limits a cost, so it needs a price"
    if cascade and not 0 <= cascade.low <= cascade.high:
        yield f"[cascade] low = {cascade.low:g}, high = {cascade.high:g}: 0 <= low <= high, see `magistrate calibrate`"


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False


def _key(model: ModelSettings) -> str:
    """The endpoint's key. Raises ConfigError, which never says it, when it is named and not there, or lies open to others."""
    if model.key_file:
        path = Path(model.key_file).expanduser()
        where = f"{path}: the model's key"
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigError(f"{where} lies open to others; chmod 600 it")
            key = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{where} cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{where} is no text; put the key alone into the file") from None
    elif model.key_env:
        where = f"the variable {model.key_env}, which should hold the model's key,"
        key = os.environ.get(model.key_env, "").strip()
    else:
        return ""
    if not key:
        raise ConfigError(f"{where} is empty")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{where} holds something else; a key is one word of plain characters")
    return key


def connect(model: ModelSettings, folder: Path) -> Model:
    """The model that the settings name. `folder`: where it is kept what was spent, for all who use it.

    Raises ConfigError when its key, file or library is missing.
    """
    if model.file:
        return Local(Path(model.file).expanduser(), name=model.name, threads=model.threads)
    key = _key(model)
    return Remote(
        model.name,
        url=model.url,
        key=key,
        at_once=model.at_once,
        price=model.price,
        spending=Spending(model.hourly, folder / SPENT) if model.hourly else None,
    )
