"""Reading rulebooks: what is well written is understood, what is not is told with its line and a mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from magistrate.core.errors import RulebookError
from magistrate.core.records import Action, Message, Outcome, RunStarted
from magistrate.rulebook.problems import BadRulebook
from magistrate.rulebook.text import bright_rules, default, load, parse

RULE = """## Keep the garden {#garden.keep authority=team}

Nothing in the garden is cut.

```toml
[match]
effect = "delete"
target = ["*/garden/*", "outside-task"]
broad = false
decision = "escalate"
```

Intent: Roses take years.

Safer: Ask the gardener.
"""


def own(text: str) -> dict[str, object]:
    """The rules of a text by id, without the shipped bright lines."""
    shipped = {rule.id for rule in bright_rules()}
    return {rule.id: rule for rule in parse(text).rules if rule.id not in shipped}


def errors(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(BadRulebook) as caught:
        parse(text, source="x.md")
    return [(error.line, error.what, error.mend) for error in caught.value.errors]


def test_a_rule_is_read_whole() -> None:
    rule = parse(RULE).rules[0]
    assert (rule.id, rule.title, rule.authority) == ("garden.keep", "Keep the garden", "team")
    assert rule.text == "Nothing in the garden is cut."
    assert (rule.intent, rule.safer, rule.line) == ("Roses take years.", "Ask the gardener.", 1)
    (match,) = rule.matches
    assert (match.decision, match.effect, match.target) == ("escalate", ("delete",), ("*/garden/*", "outside-task"))
    assert match.broad is False
    assert match.line == 6


def test_settings_and_defaults() -> None:
    plain = parse(RULE)
    assert (plain.on_unavailable, plain.on_uncovered, plain.title) == ("escalate", "escalate", "")
    front = '# Our law\n\nSome words.\n\n```toml\n[rulebook]\ntitle = "Law"\non_unavailable = "deny"\non_uncovered = "allow"\n```\n\n'
    strict = parse(front + RULE, source="law.md")
    assert (strict.on_unavailable, strict.on_uncovered, strict.title) == ("deny", "allow", "Law")
    assert strict.source == "law.md"
    assert parse("# Our law\n\n" + RULE).title == "Our law"


def test_examples_are_read_as_events() -> None:
    text = (
        RULE
        + """
### Complies

Somebody asked

```transcript
cwd: /home/ana/garden
system: You help in the garden.
person: Cut the old rose,
  the one by the gate.
call look {"at": "gate"}
tool look: One rose.

  It is old.
tool weather error: no answer
call cut {"plant": "rose"}
```

### Violates

```transcript
call cut {
  "plant": "rose"}
```
"""
    )
    complies, violates = parse(text).rules[0].examples
    assert (complies.complies, complies.title) == (True, "Somebody asked")
    assert complies.events == (
        RunStarted(host="example", cwd="/home/ana/garden"),
        Message(author="system", text="You help in the garden."),
        Message(author="person", text="Cut the old rose,\nthe one by the gate."),
        Action(tool="look", arguments={"at": "gate"}, call_id="c2"),
        Outcome(tool="look", call_id="c2", text="One rose.\n\nIt is old."),
        Outcome(tool="weather", text="no answer", status="error"),
        Action(tool="cut", arguments={"plant": "rose"}, call_id="c5"),
    )
    assert (violates.complies, violates.title, violates.line) == (False, "", 36)
    assert violates.events[-1] == Action(tool="cut", arguments={"plant": "rose"}, call_id="c0")


@pytest.mark.parametrize(
    ("text", "line", "what", "mend"),
    [
        ("", 1, "no rule", "## Title"),
        ("## Bare\n\nText.\n", 1, "without id", "{#id authority"),
        ("## Bare {#a.b}\n\nText.\n", 1, "no authority", "authority=organisation"),
        ("## Bare {#a.b authority=team colour=red}\n\nText.\n", 1, "unknown key `colour`", "authority"),
        ("## Bare {#A_b authority=team}\n\nText.\n", 1, "bad id", "small letters"),
        ("## Bare {#a.b authority=tea}\n\nText.\n", 1, "unknown authority `tea`", "did you mean `team`?"),
        ("## {#a.b authority=team}\n\nText.\n", 1, "no title", ""),
        ("## Bare {#a.b authority=team}\n\n", 1, "has no text", "plain words"),
        ("## Bare {#a.b authority=team}\n\n--\n", 1, "", ""),
        ("## New bright {#a.b authority=bright-line}\n\nText.\n", 1, "no code behind it", "authority=organisation"),
        (RULE + RULE, 16, "used already on line 1", "another id"),
        (RULE.replace('"delete"', '"delte"'), 7, "unknown effect `delte`", "did you mean `delete`?"),
        (RULE.replace("broad = false", "brod = false"), 9, "unknown key `brod`", "did you mean `broad`?"),
        (RULE.replace("broad = false", "broad = 1"), 9, "neither true nor false", ""),
        (RULE.replace('decision = "escalate"\n', ""), 6, "no decision", "escalate"),
        (RULE.replace('"escalate"', '"ask"'), 10, "unknown decision `ask`", "allow"),
        (RULE.replace("broad = false", "broad = = 1"), 9, "bad TOML", ""),
        (RULE.replace("broad = false", "flags = []"), 9, "empty list", "leave the key out"),
        (RULE.replace("broad = false", "flags = [3]"), 9, "no text", ""),
        (RULE.replace("[match]", "[mach]"), 6, "unknown table `mach`", "did you mean `match`?"),
        (RULE.replace("[match]", "match = 3\n[x]"), 6, "no table", "[match]"),
        (RULE.replace('effect = "delete"\n', "").replace("escalate", "allow"), 6, "names no effect", "effect = "),
        (RULE.replace("broad = false", 'certainty = "dynamic"').replace("escalate", "allow"), 6, "never applies", ""),
        (RULE.replace("[match]", "[match]\nx = " + "[" * 5000), 5, "bad TOML", ""),
        (RULE.rsplit("```", 1)[0], 5, "never closed", "```"),
        (RULE + "\n- a list\n", 17, "bullet list has no place", "plain paragraphs"),
        (RULE + "\n```python\nx\n```\n", 17, "`python` block has no place", ""),
        (RULE + "\nIntent: Again.\n", 17, "a second `Intent:`", "one paragraph"),
        (RULE + "\n### Complains\n", 17, "unknown heading", "did you mean `complies`?"),
        (RULE + "\n### Complies\n\n```transcript\nperson: hi\n```\n", 20, "does not end with a call", "call NAME"),
        (
            RULE + "\n### Complies\n\n```transcript\nperson hi\ncall x\n```\n",
            20,
            "not a line of a transcript",
            "person:",
        ),
        (RULE + "\n### Complies\n\n```transcript\ncall x {1}\n```\n", 20, "no JSON", "call NAME"),
        (RULE + "\n### Complies\n\n```transcript\ncall x [1]\n```\n", 20, "no JSON object", "call NAME"),
        (RULE + "\n### Complies\n\n```transcript\nperson: a\ncwd: /x\ncall x\n```\n", 21, "stands once", ""),
        (RULE + "\n### Complies\n\n```toml\na=1\n```\n", 19, "`toml` block has no place", "transcript"),
        (RULE + "\n<!-- never closed\n", 17, "comment", "-->"),
        ("```toml\n[rulebook]\non_uncovered = 'maybe'\n```\n" + RULE, 3, "unknown on_uncovered `maybe`", "allow"),
        ("```toml\n[rulebook]\non_unavailable = 'allow'\n```\n" + RULE, 3, "unknown on_unavailable `allow`", "deny"),
        ("```toml\n[rulebook]\non_uncoverd = 'deny'\n```\n" + RULE, 3, "unknown key `on_uncoverd`", "did you mean"),
        ("- list\n\n" + RULE, 1, "bullet list before the first rule", ""),
        (RULE.replace("cut.", "cut\u202e."), 3, "invisible character U+202E", ""),
        (RULE.replace("cut.", "cut\u200b."), 3, "invisible character U+200B", ""),
        (RULE.replace("cut.", "cut\u00a0."), 3, "invisible character U+00A0", ""),
        (RULE.replace("cut.", "cut\x00."), 3, "invisible character U+0000", ""),
    ],
)
def test_errors_name_line_and_mend(text: str, line: int, what: str, mend: str) -> None:
    found = errors(text)
    assert any(at == line and what in said and mend in helps for at, said, helps in found), found


def test_all_errors_come_at_once() -> None:
    text = RULE.replace('"delete"', '"delte"').replace("broad", "brod") + "\n## Bare\n\nText.\n"
    with pytest.raises(RulebookError) as caught:
        parse(text, source="x.md")
    assert caught.value.line == 7
    message = str(caught.value)
    assert all(f"x.md:{line}: " in message for line in (7, 9, 17)), message


def test_bright_lines_are_in_force_everywhere() -> None:
    book = parse(RULE)
    assert {rule.id for rule in bright_rules()} <= {rule.id for rule in book.rules}
    assert bright_rules()


def test_a_bright_line_may_be_restated_but_not_redefined() -> None:
    rule = bright_rules()[0]
    heading = f"## {rule.title} {{#{rule.id} authority=bright-line}}\n\n"
    same = heading + f"{rule.text}\n\nIntent: {rule.intent}\n\nSafer: {rule.safer}\n"
    assert parse(same + "\n" + RULE).revision == parse(RULE).revision
    for changed in (heading + "Anything goes.\n", same.replace("bright-line", "guideline")):
        assert any("may not be redefined" in what for _, what, _ in errors(changed))
    assert any(
        "has a match" in what
        for _, what, _ in errors(same + '\n```toml\n[match]\ndecision = "allow"\neffect = "read"\n```\n')
    )


def test_comments_are_for_people() -> None:
    assert parse(RULE + "\n<!-- see also\nthe fence -->\n").revision == parse(RULE).revision


def test_files_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "law.md"
    path.write_bytes(b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode())
    assert load(path).revision == parse(RULE).revision
    path.write_bytes(b"## a\n\xff")
    with pytest.raises(RulebookError, match="not UTF-8") as caught:
        load(path)
    assert caught.value.line == 2
    with pytest.raises(RulebookError, match="cannot be read"):
        load(tmp_path / "absent.md")


def test_the_default_is_cached() -> None:
    assert default() is default()
    assert default().on_uncovered == "escalate"
