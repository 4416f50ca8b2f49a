"""What every handler of a platform tool must hold, on any words."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Word
from magistrate.evidence.effects.commands import (
    cloud,
    clusters,
    containers,
    databases,
    forges,
    git,
    infra,
    packages,
    stores,
)
from magistrate.evidence.effects.flags import unknown_flags
from magistrate.evidence.effects.place import Place

HANDLERS: dict[str, Handler] = {
    name: handler
    for module in (git, forges, packages, containers, clusters, infra, cloud, databases, stores)
    for name, handler in module.HANDLERS.items()
}


class Scene:
    """A scene that runs nothing further."""

    place = Place(cwd="/srv/app", home="/home/kim")

    def shell(self, text: str, *, via: tuple[str, ...], path: str) -> Iterable[Effect]:
        return (Effect(kind="execute", target=text, via=via, path=path),)

    def command(self, command: Command) -> Iterable[Effect]:
        return (Effect(kind="execute", target=command.name, via=command.via),)

    def code(self, language: str, text: str, *, via: tuple[str, ...], path: str) -> Iterable[Effect]:
        return (Effect(kind="execute", target=text, via=via, path=path),)


_KNOWN = "push pull rm delete -f --force -- - -rf exec run -it db prod x=1 --name --name=a s3 cp s3://b -c -e -v /:/h --dry-run a:b +x :x $$ system prune compose down config set get secret state * . '' SELECT DROP kv item migrate reset -h --help --eval"
_WORDS = st.builds(
    Word, text=st.sampled_from(_KNOWN.split(" ")) | st.text(max_size=8), dynamic=st.booleans(), glob=st.booleans()
)


@given(
    st.sampled_from(sorted(HANDLERS)),
    st.lists(_WORDS, max_size=7),
    st.sampled_from(["none", "text", "network", "dynamic", "file"]),
    st.text(max_size=20),
)
@settings(max_examples=800, deadline=None)
def test_any_words(name: str, words: list[Word], given_input: str, stdin: str) -> None:
    command = Command(name=name, words=tuple(words), input=given_input, stdin=stdin)  # type: ignore[arg-type]
    found = tuple(HANDLERS[name](command, Scene()))
    assert all(isinstance(one, Effect) for one in found)
    assert not unknown_flags(flag for one in found for flag in one.flags)


@given(st.sampled_from(sorted(HANDLERS)), st.lists(_WORDS.filter(lambda word: word.dynamic), min_size=0, max_size=2))
@settings(max_examples=300, deadline=None)
@example("git", [])
def test_a_hidden_subcommand_is_never_nothing(name: str, more: list[Word]) -> None:
    command = Command(name=name, words=(Word(text="$SUB", dynamic=True), *more))
    assert tuple(HANDLERS[name](command, Scene()))


@pytest.mark.parametrize(
    "name",
    [
        "git",
        "gh",
        "pip",
        "npm",
        "docker",
        "kubectl",
        "helm",
        "terraform",
        "aws",
        "gcloud",
        "az",
        "psql",
        "redis-cli",
        "vault",
        "restic",
    ],
)
def test_a_lone_variable_is_dynamic(name: str) -> None:
    found = tuple(HANDLERS[name](Command(name=name, words=(Word(text="$X", dynamic=True),)), Scene()))
    assert any(one.certainty == "dynamic" for one in found)


@pytest.mark.parametrize(
    "name",
    [
        "git",
        "gh",
        "pip",
        "docker",
        "kubectl",
        "helm",
        "terraform",
        "aws",
        "gcloud",
        "az",
        "psql",
        "vault",
        "restic",
        "cargo",
    ],
)
def test_help_has_no_effect(name: str) -> None:
    assert tuple(HANDLERS[name](Command(name=name, words=(Word(text="--help"),)), Scene())) == ()


@pytest.mark.parametrize(
    "line",
    [
        "vault kv destroy -version=1 secret/app",
        "helm upgrade web ./chart --version 3",
        "doctl compute droplet delete 5 --comment --help",
        "doctl compute droplet delete 5 --comment --dry-run",
        "kubectl delete ns shop --as --help",
        "npm publish --tag --help",
    ],
)
def test_help_and_dry_run_hide_nothing(line: str) -> None:
    name, *rest = line.split()
    found = tuple(HANDLERS[name](Command(name=name, words=tuple(Word(text=text) for text in rest)), Scene()))
    assert any(one.kind in ("infrastructure", "credential", "vcs-publish") for one in found)
