"""Which part reads which call: shells, code, SQL, carriers, agents, by name and by shape."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.core.records import Action, Effect
from magistrate.evidence.effects import effects_of
from magistrate.evidence.effects.place import Place

PLACE = Place(cwd="/w/proj", home="/home/u")


def effects(tool: str, /, **arguments: Any) -> tuple[Effect, ...]:
    return effects_of(Action(tool=tool, arguments=arguments), PLACE)


def kinds(tool: str, /, **arguments: Any) -> set[str]:
    return {effect.kind for effect in effects(tool, **arguments)}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Bash", {"command": "rm -rf build", "description": "tidy"}),
        ("Bash", {"raw": "rm -rf build"}),
        ("shell", {"command": ["bash", "-lc", "rm -rf build"]}),
        ("local_shell", {"argv": ["rm", "-rf", "build"]}),
        ("exec_command", {"cmd": "rm -rf build", "workdir": "/w/proj"}),
        ("run_shell_command", {"command": "rm -rf build"}),
        ("execute_bash", {"command": "rm -rf build", "is_input": "false"}),
        ("run_in_terminal", {"command": "rm -rf build", "explanation": "x"}),
        ("TerminalExecute", {"command": "rm -rf build"}),
        ("mcp__desktop__start_process", {"command": "rm -rf build"}),
        ("whatever_tool", {"command": "rm -rf build"}),
        ("run_commands", {"commands": ["ls", "rm -rf build"]}),
        ("code_interpreter", {"language": "bash", "code": "rm -rf build"}),
    ],
)
def test_shells_by_name_and_by_shape(tool: str, arguments: dict[str, Any]) -> None:
    assert ("delete", "/w/proj/build") in {(e.kind, e.target) for e in effects(tool, **arguments)}


@pytest.mark.parametrize(
    "tool",
    ["execute_ipython_cell", "run_python", "python", "jupyter_execute", "code_interpreter", "eval_code", "blorp"],
)
def test_code_cells(tool: str) -> None:
    assert "delete" in kinds(tool, code="import os\nos.remove('x.txt')")


def test_a_code_that_is_no_program() -> None:
    assert kinds("apply_discount", code="SAVE10") == {"overwrite"}
    assert "delete" not in kinds("save_snippet", code="import os\nos.remove('x')", title="t")


def test_a_reading_name_does_not_hide_a_command() -> None:
    assert kinds("get_command_output", command="rm -rf /srv/data") == {"delete"}
    assert kinds("explain_command", command="rm -rf /srv/data") == {"read"}


def test_a_command_that_names_an_act_is_no_program() -> None:
    assert [e.kind for e in effects("light_switch", command="turn_on", device="lamp-1")] == ["overwrite"]


def test_tools_named_after_programs() -> None:
    assert kinds("kubectl", command="delete namespace prod") == kinds("Bash", command="kubectl delete namespace prod")
    assert kinds("git", args=["push", "--force"]) == kinds("Bash", command="git push --force")


def test_a_remote_shell_acts_elsewhere() -> None:
    assert kinds("ssh_exec", host="web-1.example", command="rm -rf /srv") == kinds(
        "Bash", command="ssh web-1.example 'rm -rf /srv'"
    )


def test_a_scheduled_command_persists_and_is_read() -> None:
    found = effects("schedule_job", command="rm -rf /srv/data", cron="0 * * * *")
    assert {"persistence", "delete"} <= {effect.kind for effect in found}


def test_carried_calls_are_read_one_by_one() -> None:
    found = effects(
        "multi_tool_use.parallel",
        tool_uses=[
            {"recipient_name": "functions.send_email", "parameters": {"to": "a@b.example", "body": "x"}},
            {"recipient_name": "functions.delete_file", "parameters": {"path": "x.txt"}},
        ],
    )
    assert [(e.kind, e.target) for e in found] == [("message", "a@b.example"), ("delete", "/w/proj/x.txt")]
    assert found[0].path == "tool_uses.to"
    wrapped = effects(
        "use_mcp_tool", server_name="bank", tool_name="send_money", arguments='{"to_account": "123", "amount": 4}'
    )
    assert [(e.kind, e.target) for e in wrapped] == [("payment", "123")]


def test_calls_within_calls_end() -> None:
    arguments: dict[str, Any] = {"path": "x"}
    for _ in range(30):
        arguments = {"tool_name": "call_tool", "arguments": arguments}
    assert effects("call_tool", **arguments)


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("Task", {"description": "d", "prompt": "p", "subagent_type": "reviewer"}, [("spawn-agent", "reviewer")]),
        ("Agent", {"prompt": "p"}, [("spawn-agent", "")]),
        ("KillShell", {"shell_id": "s1"}, [("process-stop", "s1")]),
        ("TodoWrite", {"todos": [{"content": "rm -rf /"}]}, [("read", "")]),
        ("AskUserQuestion", {"questions": []}, [("read", "")]),
        ("write_stdin", {"session_id": 1, "chars": ""}, [("read", "")]),
        ("write_stdin", {"session_id": 1, "chars": "\x03"}, [("process-stop", "")]),
    ],
)
def test_the_hosts_own_tools(tool: str, arguments: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert [(e.kind, e.target) for e in effects(tool, **arguments)] == expected


def test_typing_into_a_program_cannot_be_cleared() -> None:
    found = effects("write_stdin", session_id=1, chars="rm -rf build\n")
    assert any(e.kind == "execute" and e.certainty == "dynamic" for e in found)
    assert "delete" in {e.kind for e in found}


def test_whatever_breaks_is_dynamic(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("magistrate.evidence.effects.dispatch.function_effects", broken)
    assert [(e.kind, e.certainty) for e in effects("send_email", to="a@b.example")] == [("execute", "dynamic")]
