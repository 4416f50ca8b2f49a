"""What docs/sdk.md shows is run: each example, with its library where that is installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from magistrate.sdk import Guard
from magistrate.testing.links import Always

BLOCKS = re.findall(
    r"```python ?(\w*)\n(.*?)```", (Path(__file__).resolve().parents[2] / "docs" / "sdk.md").read_text(), flags=re.S
)


def langchain(tool: str) -> Any:
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    class Scripted(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **more: Any) -> Any:
            return self

    call = {"name": tool, "args": {"path": "old.txt"}, "id": "c1"}
    return {"model": Scripted(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Done.")]))}


def pydantic_ai(tool: str) -> Any:
    from pydantic_ai.models.test import TestModel

    return {"model": TestModel()}


def agents(tool: str) -> Any:
    from test_openai_agents import Scripted

    return {"model": Scripted([(tool, {"path": "old.txt"})])}


def inspect_ai(tool: str) -> Any:
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.solver import generate

    output = ModelOutput.from_content("mockllm/model", "Done.")
    output.usage = ModelUsage()
    model = get_model("mockllm/model", custom_outputs=[output])
    return {"model": model, "dataset": [Sample(input="Hello.")], "solver": generate()}


NAMES: dict[str, Callable[[str], Any]] = {
    "langchain": langchain,
    "pydantic_ai": pydantic_ai,
    "agents": agents,
    "claude_agent_sdk": lambda tool: {},
    "inspect_ai": inspect_ai,
}


def test_every_seam_has_an_example() -> None:
    assert {library for library, _ in BLOCKS} == {"", *NAMES}


@pytest.mark.parametrize("code", [code for library, code in BLOCKS if not library])
def test_examples_that_need_no_library(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "old.txt").write_text("old")
    exec(compile(code, "docs/sdk.md", "exec"), {"__name__": "example"})
    assert "old.txt" not in code or not (tmp_path / "shop" / "old.txt").exists()
    assert Path("/etc/hosts").exists()


@pytest.mark.parametrize(("library", "code"), [(library, code) for library, code in BLOCKS if library])
def test_examples_with_their_library(library: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed; `make test-sdk` has it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAGISTRATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
    ran = []

    def remove(path: str) -> str:
        """Remove a file."""
        ran.append(path)
        return "removed"

    link = Always("deny")
    names = {"__name__": "example", "guard": Guard(link), "remove": remove, **NAMES[library]("remove")}
    exec(compile(code, "docs/sdk.md", "exec"), names)
    assert not ran
    if library in ("langchain", "pydantic_ai", "agents"):
        assert [told["tool"] for told in link.heard if told["event"] == "act"] == ["remove"]
