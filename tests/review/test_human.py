"""What a ruling covers: never more than it says, found by the index exactly where the definition says so."""

from __future__ import annotations

import posixpath
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.errors import InputError
from magistrate.core.records import Action, Authority, Effect, Evidence, Fact, Ruling, RunStarted, Verdict
from magistrate.evidence.sameness import inside, key, reaches, within
from magistrate.review.human import Asked, Rulings, binding, covers, draw_up, in_words, lasting, same_ticket, ticket_of

FOLDERS = ["/a", "/a/b", "/a/b/c", "/a/bc", "/d"]
PATHS = st.sampled_from([*FOLDERS, "/a/b/*", "/a/b/../bc", "/a/$X", "/"])
URLS = st.sampled_from(
    [
        "https://x.example/1",
        "https://x.example/2",
        "http://x.example/1",
        "https://x.example.evil/1",
        "https://y@x.example/",
    ]
)
OTHER = st.sampled_from(
    [("branch", "main"), ("host", "x.example"), ("address", "bo@x.example"), ("database", "t"), ("unknown", "")]
)
TARGETS = st.one_of(PATHS.map(lambda p: ("path", p)), URLS.map(lambda u: ("url", u)), OTHER)
EFFECTS = st.builds(
    lambda kind, target, flags, certainty, production, broad, via: Effect(
        kind=kind, target_kind=target[0], target=target[1], flags=tuple(flags), certainty=certainty, production=production, broad=broad, via=via
    ),
    st.sampled_from(["delete", "overwrite", "network-out", "payment", "create"]),
    TARGETS,
    st.lists(st.sampled_from(["recursive", "force", "upload", "truncate"]), unique=True, max_size=2),
    st.sampled_from(["parsed", "parsed", "dynamic"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("sudo",)]),
)  # fmt: skip
TIMES = ["2026-01-01T00:00:00.000000+00:00", "2026-06-01T00:00:00.000000+00:00"]
ASKED = st.builds(
    Asked,
    tree=st.sampled_from(["t/1", "t/2"]),
    binds=st.sampled_from(["x", "y"]),
    cwd=st.sampled_from(["", "/a", "/a/b", "/a/bc"]),
    tool=st.sampled_from(["Bash", "Write"]),
    effects=st.lists(EFFECTS, max_size=3).map(tuple),
    at=st.sampled_from(TIMES),
)
RULINGS = st.builds(
    Ruling,
    verdict=st.just(2),
    decision=st.sampled_from(["allow", "deny"]),
    scope=st.sampled_from(["once", "run", "project"]),
    binds=st.sampled_from(["x", "z"]),
    tree=st.sampled_from(["t/1", "t/2"]),
    project=st.sampled_from(["/a", "/a/b"]),
    tool=st.sampled_from(["Bash", "Write"]),
    effects=st.lists(EFFECTS, max_size=3).map(tuple),
    until=st.sampled_from(["", *TIMES]),
)


@given(RULINGS, ASKED)
def test_a_ruling_never_covers_what_lies_outside_its_scope(ruling: Ruling, asked: Asked) -> None:
    if not covers(ruling, asked):
        return
    assert not ruling.until or datetime.fromisoformat(asked.at) <= datetime.fromisoformat(ruling.until)
    if ruling.scope == "project":
        assert posixpath.commonpath([asked.cwd, ruling.project]) == ruling.project
    else:
        assert asked.tree == ruling.tree
    if asked.binds == ruling.binds:
        return
    assert ruling.scope != "once"
    if ruling.decision == "allow":
        assert asked.tool == ruling.tool
        for effect in asked.effects:
            kin = [
                seen for seen in ruling.effects if seen.kind == effect.kind and seen.target_kind == effect.target_kind
            ]
            assert kin
            assert effect.kind != "payment"
            assert effect.certainty != "dynamic"
            assert any(set(effect.flags) <= set(seen.flags) and set(effect.via) <= set(seen.via) for seen in kin)
            assert not effect.production or any(seen.production for seen in kin)


@given(st.lists(RULINGS, max_size=6), ASKED)
def test_the_index_finds_what_the_definition_covers_newest_first(given_rulings: list[Ruling], asked: Asked) -> None:
    index = Rulings()
    for n, ruling in enumerate(given_rulings):
        index.add(ruling, "t/1", n)
    expected = [n for n, ruling in enumerate(given_rulings) if covers(ruling, asked)]
    assert [found.n for found in index.about(asked)] == expected[::-1]


@given(EFFECTS, EFFECTS)
def test_what_is_within_stays_inside_and_also_reaches(effect: Effect, allowed: Effect) -> None:
    if within(effect, allowed):
        assert reaches(effect, allowed)
        if effect.target_kind == "path":
            top = posixpath.normpath(allowed.target.removesuffix("/*"))
            assert effect.target == allowed.target or inside(posixpath.normpath(effect.target), top)
        if effect.target_kind == "url":
            assert effect.target.split("/")[0] == allowed.target.split("/")[0]
            assert key(effect) == key(allowed)


@given(EFFECTS)
def test_an_effect_is_within_itself_unless_it_is_never_alike(effect: Effect) -> None:
    alike = (
        effect.kind != "payment"
        and effect.certainty != "dynamic"
        and effect.target_kind in ("path", "url", "host", "address")
    )
    assert within(effect, effect) == (alike and ".." not in effect.target)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("repository", "git@github.com:a/b.git"), ("repository", "https://github.com/A/b")),
        (("url", "https://x.example:443/p"), ("host", "X.example.")),
        (("address", "mailto:Bo@x.example"), ("address", "bo@X.example")),
        (("path", "/a/./b/"), ("path", "/a/b")),
        (("branch", "refs/heads/main"), ("branch", "origin/main")),
        (("package", "Foo_bar==1.2"), ("package", "foo-bar")),
        (("account", "DE02 1203 0000"), ("account", "de0212030000")),
    ],
)
def test_one_thing_has_one_key_in_any_spelling(one: tuple[str, str], other: tuple[str, str]) -> None:
    keys = {key(Effect(kind="network-out", target_kind=kind, target=target)) for kind, target in (one, other)}  # type: ignore[arg-type]
    assert len(keys) == 1
    assert "" not in keys


def test_what_a_ruling_is_drawn_up_from_it_covers() -> None:
    action = Action(tool="Bash", arguments={"command": "rm -rf /a/b"})
    effect = Effect(kind="delete", target="/a/b", target_kind="path", flags=("recursive",), path="command")
    verdict = Verdict(
        action=3, decision="escalate", basis="rule", revision="r", ticket="abcd",
        evidence=Evidence(facts=(Fact(effect=effect, authority=Authority(stance="silent")),)),
    )  # fmt: skip
    started = RunStarted(host="t", cwd="/a")
    for scope in ("once", "run", "project"):
        ruling = draw_up(
            run="t/1", started=started, tree="t/1", action=action, verdict=verdict, number=4, decision="allow", scope=scope
        )  # fmt: skip
        asked = Asked(tree="t/1", binds=binding(action, "/a"), cwd="/a", tool="Bash", effects=(effect,))
        assert covers(ruling, asked)
        below = replace(asked, binds="other", effects=(replace(effect, target="/a/b/c"),))
        assert covers(ruling, below) == (scope != "once")
        assert any("/a/b" in line for line in in_words(ruling)) == (scope != "once")
    with pytest.raises(InputError, match="no project folder"):
        draw_up(
            run="t/1", started=RunStarted(host="t"), tree="t/1", action=action, verdict=verdict, number=4, decision="allow", scope="project"
        )  # fmt: skip


def test_the_binding_tells_actions_apart() -> None:
    base = Action(tool="Bash", arguments={"command": "ls", "n": 1})
    same = Action(tool="Bash", arguments={"n": 1, "command": "ls"}, call_id="c2", at="later", about="x")
    assert binding(base, "/a") == binding(same, "/a") == binding(replace(base, cwd="/a"), "/b")
    others = [
        replace(base, tool="bash"),
        replace(base, server="m"),
        replace(base, cwd="/b"),
        replace(base, arguments={"command": "ls"}),
    ]
    assert len({binding(one, "/a") for one in (base, *others)}) == 5


def test_tickets_are_short_stable_and_typed_as_people_type() -> None:
    ticket = ticket_of("claude-code/1", 7)
    assert ticket == ticket_of("claude-code/1", 7)
    assert len({ticket_of("claude-code/1", n) for n in range(1000)}) == 1000
    assert same_ticket(f" {ticket[:4].upper()}-{ticket[4:]} ") == ticket
    assert same_ticket("oIl0") == "0110"


@pytest.mark.parametrize("bad", ["yesterday", "-1h", "0m", "2020-01-01", "h", "9" * 30 + "d ago"])
def test_an_end_that_is_no_end_is_refused(bad: str) -> None:
    with pytest.raises(InputError):
        lasting(bad, "once", TIMES[0])


def test_ends_compare_as_text() -> None:
    ends = [
        lasting(until, "once", TIMES[0]) for until in ("1s", "2m", "", "30h", "2026-03-01T00:00:00+00:00", "99999999d")
    ]
    assert ends == sorted(ends)
    assert all(len(end) == len(TIMES[0]) for end in ends)
