"""git and its remotes: what is published, what is rewritten there, what is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator

from magistrate.core.records import Effect, EffectKind, TargetKind
from magistrate.evidence.effects.command import Word
from magistrate.evidence.effects.commands.cli import Call, shell
from magistrate.evidence.effects.place import host_scope

_URL = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:|/|\.{1,2}/|~/)", re.I)
_MAIN = re.compile(
    r"^(?:refs/heads/)?(?:main|master|trunk|develop|production|prod|release(?:[/-].*)?|stable|gh-pages)$"
)


def push(call: Call) -> Iterator[Effect]:
    """One effect for each ref; a force, a deletion or a mirror rewrites what others have."""
    line = call.line
    remote = line.value("--repo") or (call.args[0] if call.args else Word(text=""))
    forced = line.has("--force", "-f", "--mirror", "--force-with-lease", "--prune")
    flags = ["no-verify"] if line.has("--no-verify") else []
    flags += ["force"] if forced else []
    leased = line.has("--force-with-lease") and not line.has("--force", "-f", "--mirror")
    for word in line.values("--receive-pack", "--exec"):
        yield from shell(word, call, "git push --receive-pack")
    yield from transport(remote, call)
    refs = [word for word in [*call.args[1:], *line.rest] if word.text != "tag"][:40]
    whole = line.has("--mirror", "--all", "--branches", "--prune") or any(word.text in ("--all",) for word in call.tail)
    for word in refs or [Word(text="")]:
        yield from _push_ref(
            call, remote, word, flags, delete=line.has("--delete", "-d"), forced=forced, leased=leased, whole=whole
        )
    if not refs and line.has("--tags", "--follow-tags"):
        yield _published(call, remote, Word(text="tags"), flags, whole)


def _push_ref(
    call: Call, remote: Word, ref: Word, flags: list[str], *, delete: bool, forced: bool, leased: bool, whole: bool
) -> Iterator[Effect]:
    plus = ref.text.startswith("+")
    source, colon, destination = ref.text.lstrip("+").partition(":")
    gone = delete or bool(colon and not source and destination)
    name = Word(text=(destination if colon else source) or source, dynamic=ref.dynamic, glob=ref.glob)
    flags = [*flags, *(["remote-branch"] if _MAIN.match(name.text) else [])]
    if gone or plus or forced:
        lease = leased and not gone and not plus
        extra = [*flags, *(["force"] if plus else [])]
        yield call.effect(
            "vcs-rewrite",
            _place(remote, name),
            "branch",
            scope="remote",
            reversible="partly" if lease else "no",
            flags=extra,
            broad=whole,
        )
    if not gone:
        yield _published(call, remote, name, [*flags, *(["force"] if plus else [])], whole)


def _published(call: Call, remote: Word, name: Word, flags: list[str], whole: bool) -> Effect:
    kind: TargetKind = "branch" if name.text else ("url" if _URL.match(remote.text) else "repository")
    return call.effect(
        "vcs-publish", _place(remote, name), kind, scope="remote", reversible="partly", flags=flags, broad=whole
    )


def _place(remote: Word, name: Word) -> Word:
    """`origin/main`; `URL branch` when the remote is an address."""
    if not name.text:
        return remote
    joint = " " if _URL.match(remote.text) else "/"
    return Word(
        text=f"{remote.text}{joint}{name.text}" if remote.text else name.text, dynamic=remote.dynamic or name.dynamic
    )


def transport(remote: Word, call: Call) -> Iterator[Effect]:
    """`ext::` and `fd::` addresses run what they name."""
    if remote.text.startswith("ext::"):
        yield from shell(Word(text=remote.text[5:], dynamic=remote.dynamic), call, "git ext::")


def fetch(call: Call) -> Iterator[Effect]:
    remote = call.args[0] if call.args else Word(text="origin")
    for word in call.line.values("--upload-pack", "-u"):
        yield from shell(word, call, "git --upload-pack")
    yield from transport(remote, call)
    scope = host_scope(_host(remote.text)) if "://" in remote.text or "@" in remote.text else "remote"
    local = remote.text.startswith(("/", "./", "../", "~")) or remote.text == "."
    if not local and not remote.text.startswith("ext::"):
        kind: TargetKind = "url" if _URL.match(remote.text) else "repository"
        yield call.effect("network-out", remote, kind, scope=scope, reversible="yes")
    if call.path == ("clone",):
        name = remote.text.rstrip("/").rpartition("/")[2].removesuffix(".git") or "."
        into = call.args[1] if len(call.args) > 1 else Word(text=name, dynamic=remote.dynamic)
        yield call.effect("create", into, "path", reversible="yes")
    if call.path == ("pull",):
        rebased = call.line.has("--rebase", "-r")
        kind_: EffectKind = "vcs-rewrite" if rebased else "create"
        yield call.effect(kind_, ".", "repository", scope="workspace", reversible="partly" if rebased else "yes")


def _host(url: str) -> str:
    found = re.match(r"^(?:[a-z+.-]+://)?(?:[^@/]*@)?(\[[^\]]+\]|[^/:]+)", url, re.I)
    return found.group(1) if found else ""
