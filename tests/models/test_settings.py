"""Which model to ask, from a file: read strictly, errors that name the place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from magistrate.core.errors import ConfigError
from magistrate.core.protocols import Case
from magistrate.core.records import Action, Evidence, Opinion
from magistrate.models.settings import Settings, connect, load
from magistrate.review.cascade import Cascade
from magistrate.review.choose import reviewers
from magistrate.review.model import ModelReviewer
from magistrate.review.screen import Screen
from magistrate.rulebook.text import default
from magistrate.testing.endpoint import Endpoint, answer

MODEL = '[model]\nname = "m"\nurl = "http://127.0.0.1:1/v1"\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "model.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "model"),
        ("[model]\nname = 3\nurl = 'u'", "Expected `str`"),
        ("[model]\nname = 'm'", "either a url or a file"),
        (MODEL + 'file = "a.gguf"', "either a url or a file"),
        (MODEL + "pirce = [1, 2]", "pirce"),
        (MODEL + "hourly = 3.0", "needs a price"),
        (MODEL + "deadline = 0", "deadline > 0"),
        (MODEL + "[cascade]\nlow = 0.1", "high"),
        ("[model", "at the end"),
        (MODEL + "[cascade]\nlow = 0.9\nhigh = 0.1", "0 <= low <= high"),
        (MODEL + "[cascade]\nlow = nan\nhigh = 0.1", "0 <= low <= high"),
        (MODEL + "threshold = nan", "no probability"),
        (MODEL + "threshold = 40", "no probability"),
        (MODEL + "deadline = nan", "deadline"),
        (MODEL + "deadline = inf", "deadline"),
        (MODEL + "hourly = nan\nprice = [1.0, 1.0]", "hourly"),
        (MODEL + "price = [nan, 1.0]", "price"),
        (MODEL + "threads = -1", "threads >= 0"),
        (MODEL.replace('"m"', '" "'), "name is empty"),
        (MODEL.replace("http://", ""), "no endpoint"),
        (MODEL.replace("http:", "file:"), "no endpoint"),
        (MODEL.replace("127.0.0.1", "me:hidden@127.0.0.1"), "no endpoint"),
        (MODEL.replace(":1/", ":99999/"), "no endpoint"),
        (MODEL + 'key_env = "A"\nkey_file = "b"', "not both"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, text))
    assert what in str(error.value)
    assert "model.toml" in str(error.value)
    assert "hidden" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_a_key_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(write(tmp_path, MODEL + 'key_env = "NO_SUCH_KEY"'))
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
        connect(settings.model, tmp_path)


def test_a_key_in_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="asking a model needs the extra `models`")
    key = tmp_path / "key"
    key.write_text("secret\n")
    key.chmod(0o644)
    settings = load(write(tmp_path, MODEL + f'key_file = "{key}"'))
    with pytest.raises(ConfigError, match="open to others") as error:
        connect(settings.model, tmp_path)
    assert "secret" not in str(error.value)
    key.chmod(0o600)
    connect(settings.model, tmp_path)
    key.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        connect(settings.model, tmp_path)


@pytest.mark.parametrize("held", ["", " \n", "two words", "hidden\nX-Header: 1", "hidd\u00e9n"])
def test_what_is_no_key_is_not_sent_and_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str) -> None:
    key = tmp_path / "key"
    key.write_text(held)
    key.chmod(0o600)
    monkeypatch.setenv("SOME_KEY", held)
    for line in (f'key_file = "{key}"', 'key_env = "SOME_KEY"'):
        settings = load(write(tmp_path, MODEL + line))
        with pytest.raises(ConfigError, match=r"is empty|holds something else") as error:
            connect(settings.model, tmp_path)
        assert "hidd" not in str(error.value)


def test_who_is_asked_and_in_which_order(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="asking a model needs the extra `models`")
    assert [type(r) for r in reviewers(tmp_path)] == [Screen]
    assert reviewers(tmp_path, screen=False) == []
    plain = load(write(tmp_path, MODEL))
    assert [type(r) for r in reviewers(tmp_path, plain)] == [Screen, ModelReviewer]
    both = load(write(tmp_path, MODEL + "[cascade]\nlow = 0.01\nhigh = 0.6"))
    assert [type(r) for r in reviewers(tmp_path, both)] == [Cascade]


def test_a_model_from_settings_reviews_and_its_answer_is_kept(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="asking a model needs the extra `models`")
    case = Case(n=1, action=Action(tool="x"), evidence=Evidence(), rulebook=default())

    async def ask(settings: Settings) -> Opinion:
        (model,) = reviewers(tmp_path, settings, screen=False)
        assert isinstance(model, ModelReviewer)
        try:
            return await model.review(case)
        finally:
            await model.close()

    with Endpoint(reply=lambda body: answer("escalate", "judgement.likeness")) as server:
        settings = load(write(tmp_path, f'[model]\nname = "m"\nurl = "{server.url}"\n'))
        first = asyncio.run(ask(settings))
        again = asyncio.run(ask(settings))
        assert len(server.requests) == 1
    assert (first.decision, again.decision, first.prompt_hash) == ("escalate", "escalate", again.prompt_hash)
    assert asyncio.run(ask(settings)).decision == "escalate"  # the endpoint is gone: a kept answer needs none
