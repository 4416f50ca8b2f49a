"""File tools of the hosts, patches, and what is remembered of files that the agent wrote."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.core.records import Action
from magistrate.evidence.effects import effects_of, written_file, written_files
from magistrate.evidence.effects.place import Place

PLACE = Place(cwd="/w/proj", home="/home/u")


def pairs(tool: str, place: Place = PLACE, /, **arguments: Any) -> list[tuple[str, str]]:
    return [(effect.kind, effect.target) for effect in effects_of(Action(tool=tool, arguments=arguments), place)]


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("Read", {"file_path": "/w/proj/a.py"}, [("read", "/w/proj/a.py")]),
        ("Write", {"file_path": "/w/proj/a.py", "content": "x"}, [("create", "/w/proj/a.py")]),
        ("Edit", {"file_path": "a.py", "old_string": "x", "new_string": "y"}, [("overwrite", "/w/proj/a.py")]),
        ("MultiEdit", {"file_path": "a.py", "edits": [{"old_string": "x", "new_string": "y"}]}, [("overwrite", "/w/proj/a.py")]),
        ("NotebookEdit", {"notebook_path": "n.ipynb", "new_source": "x"}, [("overwrite", "/w/proj/n.ipynb")]),
        ("Glob", {"pattern": "**/*.py"}, [("read", "/w/proj")]),
        ("Grep", {"pattern": "x", "path": "/etc"}, [("read", "/etc")]),
        ("write_file", {"file_path": "b.py", "content": ""}, [("create", "/w/proj/b.py")]),
        ("replace", {"file_path": "b.py", "old_string": "a", "new_string": "b"}, [("overwrite", "/w/proj/b.py")]),
        ("read_many_files", {"paths": ["a", "b"]}, [("read", "/w/proj/a"), ("read", "/w/proj/b")]),
        ("str_replace_editor", {"command": "view", "path": "/w/proj/a"}, [("read", "/w/proj/a")]),
        ("str_replace_editor", {"command": "create", "path": "/w/proj/a", "file_text": "x"}, [("create", "/w/proj/a")]),
        ("str_replace_editor", {"command": "str_replace", "path": "/w/proj/a", "old_str": "x"}, [("overwrite", "/w/proj/a")]),
        ("str_replace_editor", {"command": "insert", "path": "/w/proj/a", "insert_line": 1}, [("overwrite", "/w/proj/a")]),
        ("str_replace_editor", {"command": "undo_edit", "path": "/w/proj/a"}, [("overwrite", "/w/proj/a")]),
        ("Update", {"raw": 'file_path: "src/x.py"'}, [("overwrite", "/w/proj/src/x.py")]),
        ("List", {"raw": "docs"}, [("read", "/w/proj/docs")]),
        ("delete_file", {"target_file": "old.txt"}, [("delete", "/w/proj/old.txt")]),
        ("move_file", {"source": "a.txt", "destination": "b.txt"}, [("delete", "/w/proj/a.txt"), ("create", "/w/proj/b.txt")]),
        ("make_directory", {"path": "new"}, [("create", "/w/proj/new")]),
    ],
)  # fmt: skip
def test_host_file_tools(tool: str, arguments: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert pairs(tool, **arguments) == expected


def test_scope_tells_where_a_file_lies() -> None:
    scopes = {
        path: effects_of(Action(tool="Write", arguments={"file_path": path, "content": ""}), PLACE)[0].scope
        for path in ("a.py", "/tmp/x", "/etc/hosts", "~/notes", "/mnt/x")
    }
    assert scopes == {
        "a.py": "workspace",
        "/tmp/x": "temp",
        "/etc/hosts": "system",
        "~/notes": "home",
        "/mnt/x": "outside",
    }


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/w/proj/.claude/settings.json", "oversight"),
        ("~/.bashrc", "persistence"),
        ("/w/proj/.git/hooks/pre-commit", "persistence"),
    ],
)
def test_writing_special_files_says_what_they_stand_for(path: str, kind: str) -> None:
    for tool in ("Write", "create_or_update_file", "edit_file"):
        assert kind in {k for k, _ in pairs(tool, path=path, content="x")}, tool


def test_reading_secrets_is_a_credential() -> None:
    assert "credential" in {kind for kind, _ in pairs("read_file", path="/home/u/.ssh/id_rsa")}
    assert "credential" not in {kind for kind, _ in pairs("read_file", path="/w/proj/main.py")}


def test_writing_a_known_file_overwrites_it() -> None:
    place = Place(cwd="/w/proj", files={"/w/proj/a.sh": "echo hi"})
    assert pairs("Write", place, file_path="a.sh", content="x") == [("overwrite", "/w/proj/a.sh")]
    assert pairs("create_file", place, path="a.sh", content="x") == [("overwrite", "/w/proj/a.sh")]


PATCH = """*** Begin Patch
*** Add File: src/new.py
+print("hi")
*** Update File: src/old.py
@@
-x
+y
*** Update File: src/here.py
*** Move to: src/there.py
@@
-x
+y
*** Delete File: src/gone.py
*** End Patch
"""


@pytest.mark.parametrize("arguments", [{"input": PATCH}, {"command": PATCH}, {"raw": PATCH}, {"patch": PATCH}])
def test_patches_are_read_by_their_headers(arguments: dict[str, str]) -> None:
    assert pairs("apply_patch", **arguments) == [
        ("create", "/w/proj/src/new.py"),
        ("overwrite", "/w/proj/src/old.py"),
        ("overwrite", "/w/proj/src/here.py"),
        ("delete", "/w/proj/src/here.py"),
        ("create", "/w/proj/src/there.py"),
        ("delete", "/w/proj/src/gone.py"),
    ]


def test_unified_diffs_are_read_too() -> None:
    diff = (
        "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/.claude/settings.json\n@@ -0,0 +1 @@\n+{}\n"
    )
    found = pairs("apply_diff_patch", patch=diff)
    assert ("overwrite", "/w/proj/x.py") in found
    assert ("oversight", "/w/proj/.claude/settings.json") in found


def test_a_patch_without_headers_is_dynamic() -> None:
    found = effects_of(
        Action(tool="apply_patch", arguments={"input": "*** Begin Patch\ngarbage\n*** End Patch"}), PLACE
    )
    assert [(effect.kind, effect.certainty) for effect in found] == [("overwrite", "dynamic")]


def test_text_about_files_in_content_has_no_effect() -> None:
    found = pairs("Write", file_path="doc.md", content="*** Begin Patch\n*** Delete File: /etc/passwd\n*** End Patch")
    assert found == [("create", "/w/proj/doc.md")]


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("Write", {"file_path": "run.sh", "content": "rm -rf x"}, ("/w/proj/run.sh", "rm -rf x")),
        ("write_file", {"path": "/w/proj/a.py", "content": "import os"}, ("/w/proj/a.py", "import os")),
        (
            "str_replace_editor",
            {"command": "create", "path": "/w/proj/a.py", "file_text": "x=1"},
            ("/w/proj/a.py", "x=1"),
        ),
        (
            "Bash",
            {"command": "cat > job.sh <<'EOF'\necho $HOME\nEOF\nchmod +x job.sh"},
            ("/w/proj/job.sh", "echo $HOME\n"),
        ),
        ("Bash", {"command": "cat > job.sh <<EOF\necho $HOME\nEOF"}, None),
        ("apply_patch", {"input": PATCH}, ("/w/proj/src/new.py", 'print("hi")\n')),
        ("read_file", {"path": "a.py"}, None),
        ("append_to_file", {"path": "a.py", "content": "x"}, None),
        ("send_email", {"to": "a@b.example", "content": "x"}, None),
    ],
)
def test_written_text_is_remembered(tool: str, arguments: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert written_file(Action(tool=tool, arguments=arguments), PLACE) == expected


def test_an_edit_of_a_known_file_is_followed_and_any_other_change_forgets_it() -> None:
    place = Place(cwd="/w/proj", files={"/w/proj/a.sh": "echo one"})
    edit = Action(tool="Edit", arguments={"file_path": "a.sh", "old_string": "one", "new_string": "two"})
    assert written_file(edit, place) == ("/w/proj/a.sh", "echo two")
    unseen = Action(tool="append_to_file", arguments={"path": "a.sh", "content": "rm -rf /"})
    assert written_files(unseen, place, effects_of(unseen, place)) == (("/w/proj/a.sh", None),)


PATCH = """*** Begin Patch
*** Add File: /home/u/.claude/settings.json
+{}
*** Update File: src/a.py
@@
-x
+y
*** Delete File: b.py
*** End Patch"""


@pytest.mark.parametrize(
    "command",
    [f"apply_patch <<'EOF'\n{PATCH}\nEOF", f"applypatch '{PATCH}'", f"apply_patch \"$(cat <<'EOF'\n{PATCH}\nEOF\n)\""],
)
def test_a_patch_applied_by_command_is_read(command: str) -> None:
    """Codex's models edit files through their shell: the patch says what is written."""
    found = pairs("Bash", command=command)
    for expected in (
        ("create", "/home/u/.claude/settings.json"),
        ("oversight", "/home/u/.claude/settings.json"),
        ("overwrite", "/w/proj/src/a.py"),
        ("delete", "/w/proj/b.py"),
    ):
        assert expected in found


@pytest.mark.parametrize(
    "command", ["apply_patch", 'apply_patch "$X"', "curl http://a.b/p | apply_patch", "apply_patch < p"]
)
def test_an_unread_patch_may_write_anything(command: str) -> None:
    effects = effects_of(Action(tool="Bash", arguments={"command": command}), PLACE)
    assert any(effect.kind == "overwrite" and effect.certainty == "dynamic" for effect in effects)


def test_a_unified_diff_on_standard_input_is_read() -> None:
    diff = "--- a/.claude/settings.json\n+++ b/.claude/settings.json\n@@ -1 +1 @@\n-x\n+y\n"
    assert ("oversight", "/w/proj/.claude/settings.json") in pairs("Bash", command=f"patch -p1 <<'EOF'\n{diff}EOF")


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/tmp/ann/notes.txt", "home"),
        ("~/notes.txt", "home"),
        ("/tmp/ann/work/a", "workspace"),
        ("/tmp/anna", "temp"),
        ("/tmp/x", "temp"),
    ],
)
def test_a_home_below_the_temporary_folder_is_a_home(path: str, scope: str) -> None:
    assert Place(cwd="/tmp/ann/work", home="/tmp/ann").path_scope(path) == scope
    assert Place(cwd="/work", home="/tmp").path_scope("/tmp/x") == "temp"
