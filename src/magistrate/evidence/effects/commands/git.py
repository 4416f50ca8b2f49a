"""git and its kin: what each subcommand does to work, to history and to remotes.

The table holds the subcommands that are one row of data; the functions below hold those whose words need reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import (
    Call,
    Entry,
    Raw,
    Row,
    Tool,
    effects,
    options,
    same,
    shell,
    split,
    unwrap,
)
from magistrate.evidence.effects.commands.git_remotes import fetch, push, transport

_SHELL_KEYS = re.compile(
    r"^(?:core\.(?:sshcommand|pager|editor|fsmonitor|askpass|gitproxy)|sequence\.editor|gpg\.(?:\w+\.)?program|pager\..+"
    r"|diff\.external|.+\.(?:textconv|command|cmd|clean|smudge|process|packobjectshook|difffilter|helper|uploadpack|receivepack|driver|path)"
    r"|browser\..+|alias\..+|credential\.helper|submodule\..+\.update|trailer\..+\.command)$",
    re.I,
)
"""Settings whose value git hands to a shell."""
_SAFE_VALUES = frozenset(
    {"", "cat", "less", "true", "false", "more", "vi", "vim", "nano", "code --wait", "less -FRX", "delta", ":"}
)
_WEAKENING = re.compile(
    r"^(?:http\.(?:.+\.)?sslverify|transfer\.fsckobjects|commit\.gpgsign|receive\.denynonfastforwards)$", re.I
)
_COMMAND_VARIABLES = ("GIT_SSH_COMMAND", "GIT_SSH", "GIT_PAGER", "GIT_EDITOR", "GIT_EXTERNAL_DIFF", "GIT_ASKPASS",
                      "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR")  # fmt: skip

READ = (Row(kind="read", take="none", name=".", target_kind="repository", scope="workspace", reversible="yes"),)
RECORD = (Row(kind="create", take="none", name=".", target_kind="repository", scope="workspace", reversible="yes"),)
FETCH = Row(kind="network-out", take="first", name="origin", target_kind="repository", scope="remote", reversible="yes")


def rewrite(
    take: str = "none", *, name: str = "HEAD", reversible: str = "partly", flags: tuple[str, ...] = (), **more: object
) -> Row:
    made = {"kind": "vcs-rewrite", "take": take, "name": name, "target_kind": "branch", "scope": "workspace"}
    return msgspec.convert({**made, "reversible": reversible, "flags": flags, **more}, Row)


def _reset(call: Call) -> Iterator[Effect]:
    commits = [word for word in call.args if word.dynamic or _is_commit(word.text)]
    if call.line.has("--hard", "--merge", "--keep"):
        yield call.effect("overwrite", ".", "path", reversible="no", flags=("uncommitted",), broad=True)
    elif not commits or len(call.args) > 1 or commits[0].text == "HEAD":
        yield from _index(call)
        return
    for word in commits[:1]:
        if word.text != "HEAD":
            hard = call.line.has("--hard", "--merge", "--keep")
            yield call.effect("vcs-rewrite", word, "branch", scope="workspace", reversible="partly" if hard else "yes")


def _is_commit(text: str) -> bool:
    return bool(re.match(r"^(?:HEAD|ORIG_HEAD|FETCH_HEAD|@|[0-9a-f]{7,40}$|(?:origin|upstream)/|refs/)", text)) or any(
        mark in text for mark in "~^@"
    )


def _index(call: Call) -> Iterator[Effect]:
    yield call.effect("create", ".", "repository", scope="workspace", reversible="yes")


def _discard(call: Call, words: Iterable[Word]) -> Iterator[Effect]:
    for word in words:
        whole = word.text in (".", ":/", "*", ":", "-A")
        target = Word(text=".") if word.text in (":/", ":") else word
        yield call.effect("overwrite", target, "path", reversible="no", flags=("uncommitted",), broad=whole)


def _checkout(call: Call) -> Iterator[Effect]:
    """`checkout [tree] -- paths`, `checkout .`, `checkout -f` throw work away; otherwise a branch is switched to."""
    line, args = call.line, list(call.args)
    if line.has("-b", "--orphan", "-t", "--track"):
        yield from _switched(call)
    elif line.has("-B"):
        yield call.effect("vcs-rewrite", args[0] if args else "", "branch", scope="workspace", reversible="partly")
    elif line.rest:
        yield from _discard(call, line.rest)
    elif any(word.text == "--" for word in call.tail):
        yield from _switched(call)
    elif line.has("-f", "--force"):
        yield call.effect("overwrite", ".", "path", reversible="no", flags=("uncommitted", "force"), broad=True)
    elif line.has("--pathspec-from-file"):
        yield call.effect("overwrite", ".", "path", reversible="no", flags=("uncommitted",), broad=True)
    elif line.has("-p", "--patch", "--ours", "--theirs") or len(args) > 1:
        yield from _discard(call, args[-1:] if len(args) < 3 else args[1:])
    elif args and _is_pathlike(args[0].text):
        yield from _discard(call, args)
    else:
        yield from _switched(call)
        if args and args[0].dynamic:
            yield call.effect("overwrite", args[0], "path", flags=("uncommitted",))


def _is_pathlike(text: str) -> bool:
    return (
        text in (".", "..", "*", ":/")
        or text.startswith(("./", "../", ":", "/", "~"))
        or bool(re.search(r"\.[a-z]{1,4}$|\*|/$", text))
    )


def _switched(call: Call) -> Iterator[Effect]:
    target = call.line.value("-b", "-c", "--orphan", "--create") or (call.args[0] if call.args else Word(text=""))
    yield call.effect("create", target.text, "branch", scope="workspace", reversible="yes")


def _switch(call: Call) -> Iterator[Effect]:
    if call.line.has("-f", "--force", "--discard-changes"):
        yield call.effect("overwrite", ".", "path", reversible="no", flags=("uncommitted",), broad=True)
    elif (name := call.line.value("-C", "--force-create")) is not None:
        yield call.effect("vcs-rewrite", name, "branch", scope="workspace", reversible="partly")
    else:
        yield from _switched(call)


def _restore(call: Call) -> Iterator[Effect]:
    if call.line.has("--staged", "-S") and not call.line.has("--worktree", "-W"):
        yield from _index(call)
    else:
        yield from _discard(call, [*call.args, *call.line.rest] or [Word(text=".")])


def _clean(call: Call) -> Iterator[Effect]:
    line = call.line
    flags = [
        flag
        for option, flag in (("-f", "force"), ("--force", "force"), ("-d", "recursive"), ("-x", "bulk"), ("-X", "bulk"))
        if line.has(option)
    ]
    for word in [*call.args, *line.rest] or [Word(text=".")]:
        broad = not call.args and not line.rest
        yield call.effect("delete", word, "path", reversible="no", flags=flags, broad=broad)


def _commit(call: Call) -> Iterator[Effect]:
    flags = ("no-verify",) if call.line.has("-n", "--no-verify") else ()
    if call.line.has("--amend"):
        yield call.effect("vcs-rewrite", "HEAD", "branch", scope="workspace", reversible="yes", flags=flags)
    else:
        yield call.effect("create", ".", "repository", scope="workspace", reversible="yes", flags=flags)


def _rebase(call: Call) -> Iterator[Effect]:
    for word in call.line.values("-x", "--exec"):
        yield from shell(word, call, "git rebase -x")
    if not call.line.has("--abort", "--quit", "--show-current-patch"):
        target = call.args[0] if call.args else Word(text="HEAD")
        yield call.effect("vcs-rewrite", target, "branch", scope="workspace", reversible="partly")
    elif call.line.has("--abort"):
        yield call.effect("overwrite", ".", "path", reversible="partly", flags=("uncommitted",), broad=True)


def _branch(call: Call) -> Iterator[Effect]:
    line = call.line
    if line.has("-D", "-d", "--delete"):
        forced = line.has("-D", "-f", "--force")
        for word in call.args or (Word(text=""),):
            remote = line.has("-r", "--remotes")
            yield call.effect(
                "vcs-rewrite",
                word,
                "branch",
                scope="workspace",
                reversible="partly" if forced or remote else "yes",
                flags=("force",) if forced else (),
            )
    elif line.has("-M", "-C", "-f", "--force", "-m", "--move"):
        forced = line.has("-M", "-C", "-f", "--force")
        yield call.effect(
            "vcs-rewrite",
            call.args[0] if call.args else "HEAD",
            "branch",
            scope="workspace",
            reversible="partly" if forced else "yes",
        )
    elif call.args and not line.has(
        "--list", "-l", "--contains", "--merged", "--no-merged", "-a", "-r", "--show-current"
    ):
        yield call.effect("create", call.args[0], "branch", scope="workspace", reversible="yes")
    else:
        yield from _read(call)


def _tag(call: Call) -> Iterator[Effect]:
    if call.line.has("-d", "--delete"):
        for word in call.args:
            yield call.effect("vcs-rewrite", word, "branch", scope="workspace", reversible="partly")
    elif call.args and not call.line.has("-l", "--list", "-n", "--contains", "-v", "--verify", "--points-at"):
        forced = call.line.has("-f", "--force")
        yield call.effect(
            "vcs-rewrite" if forced else "create",
            call.args[0],
            "branch",
            scope="workspace",
            reversible="partly" if forced else "yes",
        )
    else:
        yield from _read(call)


def _read(call: Call) -> Iterator[Effect]:
    yield call.effect("read", ".", "repository", scope="workspace", reversible="yes")


def _config(call: Call) -> Iterator[Effect]:
    line, args = call.line, list(call.args)
    if args and args[0].text in ("get", "list", "set", "unset", "edit", "remove-section", "rename-section"):
        verb = args.pop(0).text
    else:
        verb = ""
    reads = verb in ("get", "list") or line.has(
        "--get", "--get-all", "--list", "-l", "--get-regexp", "--get-urlmatch", "--show-origin"
    )
    unset = verb in ("unset", "remove-section") or line.has("--unset", "--unset-all", "--remove-section")
    if reads or (len(args) < 2 and not unset and not line.has("--edit", "-e") and not verb):
        yield from _read(call)
        return
    file = (
        Word(text="~/.gitconfig")
        if line.has("--global")
        else Word(text="/etc/gitconfig")
        if line.has("--system")
        else None
    )
    file = line.value("-f", "--file") or file or Word(text=".git/config")
    yield call.effect("overwrite", file, "path", reversible="yes")
    if args and not unset:
        value = args[1] if len(args) > 1 else Word(text="")
        yield from _kept(args[0], value, call)


def _kept(key: Word, value: Word, call: Call) -> Iterator[Effect]:
    """A setting that will run something, or weaken a check, each time git is used."""
    name = key.text.lower()
    if key.dynamic:
        yield call.effect("persistence", key, "code")
    elif name == "core.hookspath":
        off = value.text in ("/dev/null", "", "/dev/zero")
        yield call.effect("oversight" if off else "persistence", value, "path", flags=("no-verify",) if off else ())
    elif name == "credential.helper" and value.text.split(" ")[0] == "store":
        yield call.effect("credential", "~/.git-credentials", "path", flags=("secret",))
    elif name.startswith("alias.") and not value.text.startswith("!") and not value.dynamic:
        return
    elif _SHELL_KEYS.match(name) and value.text not in _SAFE_VALUES:
        yield call.effect("persistence", value, "code", scope="workspace")
    elif _WEAKENING.match(name) and value.text.lower() in ("false", "0", "no", "off"):
        yield call.effect("oversight", key, "resource", scope="workspace", flags=("no-verify",))


def _setting(pair: Word, call: Call) -> Iterator[Effect]:
    """`-c key=value`: in force for this command, so what it names runs now."""
    key, _, value = pair.text.partition("=")
    if pair.dynamic and (_SHELL_KEYS.match(key) or not key.strip() or "$" in key or key.lower() == "core.hookspath"):
        yield call.effect("execute", pair, "code")
    elif key.lower() == "core.hookspath":
        off = value in ("/dev/null", "")
        yield call.effect("oversight" if off else "execute", value, "path", flags=("no-verify",) if off else ())
    elif key.lower().startswith("alias.") and not value.startswith("!"):
        yield from effects(
            GIT,
            Command(
                name="git",
                words=tuple(Word(text=t) for t in value.split()),
                via=call.command.via,
                path=call.command.path,
            ),
            call.scene,
        )
    elif _SHELL_KEYS.match(key) and value not in _SAFE_VALUES:
        yield from shell(Word(text=value.lstrip("!")), call, f"git -c {key}")
    elif _WEAKENING.match(key) and value.lower() in ("false", "0", "no"):
        yield call.effect("oversight", key, "resource", scope="workspace", flags=("no-verify",))
    elif key.lower() == "protocol.ext.allow":
        yield call.effect("permission", key, "resource", scope="workspace")


def _clone(call: Call) -> Iterator[Effect]:
    yield from fetch(call)
    for key in call.line.values("-c", "--config"):
        yield from _setting(key, call)


def _bisect(call: Call) -> Iterator[Effect]:
    yield from unwrap(call.tail, call, "git bisect run")


def _foreach(call: Call) -> Iterator[Effect]:
    words = [word for word in call.tail if word.text not in ("--recursive", "--quiet", "-q")]
    yield from shell(_joined(words), call, "git submodule foreach")


def _joined(words: Iterable[Word]) -> Word:
    known = list(words)
    return Word(text=" ".join(word.text for word in known), dynamic=any(word.dynamic for word in known))


def _filter(call: Call) -> Iterator[Effect]:
    line = split(
        call.tail,
        options(
            "--tree-filter --index-filter --env-filter --msg-filter --commit-filter --tag-name-filter --parent-filter --subdirectory-filter"
        ),
    )
    for name, value in line.options:
        if name.endswith("-filter") and value is not None and name != "--subdirectory-filter":
            yield from shell(value, call, f"git filter-branch {name}")
    yield call.effect("vcs-rewrite", ".", "repository", scope="workspace", reversible="no", broad=True)


def _remote(call: Call) -> Iterator[Effect]:
    yield call.effect("overwrite", ".git/config", "path", reversible="yes")
    for word in call.args[1:2]:
        yield from transport(word, call)


def _grep(call: Call) -> Iterator[Effect]:
    word = call.line.value("-O", "--open-files-in-pager", "-x", "--extcmd", "--exec")
    if word is not None and word.text:
        yield from shell(word, call, f"git {call.path[0]}")
    yield from _read(call)


def _apply(call: Call) -> Iterator[Effect]:
    if call.line.has("--check", "--stat", "--numstat", "--summary") and not call.line.has("--apply"):
        yield from _read(call)
    else:
        yield call.effect("overwrite", ".", "path", reversible="partly")


def _read_tree(call: Call) -> Iterator[Effect]:
    """With `-u` or `--reset` the files in the folder become those of the tree."""
    if call.line.has("-u", "--reset"):
        yield from _discard(call, [Word(text=".")])
    else:
        yield call.effect("create", ".", "repository", scope="workspace", reversible="yes")


def _lfs(call: Call) -> Iterator[Effect]:
    yield call.effect(
        "execute",
        "git " + " ".join([*call.path, *(w.text for w in call.args[:1])]),
        "code",
        scope="workspace",
        certainty="guessed",
    )


_TABLE: dict[str, Entry] = {
    **same("status|log|diff|show|blame|annotate|ls-files|ls-tree|rev-parse|rev-list|describe|shortlog|cat-file|name-rev|merge-base|for-each-ref|show-ref|show-branch|whatchanged|count-objects|fsck|check-ignore|check-attr|check-ref-format|diff-tree|diff-index|diff-files|var|version|help|cherry|range-diff|reflog|reflog show|reflog exists|stash list|stash show|worktree list|submodule|submodule status|submodule summary|remote|remote show|remote -v|remote get-url|notes|notes show|notes list|bisect log|bisect view|sparse-checkout list|verify-commit|verify-tag|verify-pack|bundle verify|bundle list-heads|lfs ls-files|lfs status|lfs env|format-patch|request-pull|symbolic-ref|patch-id|stripspace|interpret-trailers|column|get-tar-commit-id|hash-object|mktree|fmt-merge-msg", READ),
    **same("grep|difftool|archive", _grep),
    **same("add|stage|mv|stash|stash push|stash save|stash create|stash store|stash branch|merge|cherry-pick|revert|init|notes add|notes append|bisect start|bisect good|bisect bad|bisect skip|worktree add|worktree lock|worktree unlock|worktree move|worktree repair|submodule init|submodule sync|submodule absorbgitdirs|sparse-checkout|sparse-checkout set|sparse-checkout add|sparse-checkout init|sparse-checkout disable|commit-tree|write-tree|update-index|read-tree|bundle create|pack-refs|maintenance run|repack|rerere|lfs track|lfs untrack|merge-tree|merge-file|pack-objects|index-pack|fast-export", RECORD),
    **same("stash pop|stash apply", RECORD),
    "read-tree": _read_tree,
    **same("am", (Row(kind="create", take="none", name=".", target_kind="repository", scope="workspace", reversible="yes"),)),
    "apply": _apply,
    "commit": _commit,
    "reset": _reset,
    "checkout": _checkout,
    "switch": _switch,
    "restore": _restore,
    "clean": _clean,
    "rm": (
        Row(kind="delete", target_kind="path", reversible="partly", unless=("--cached",)),
        Row(kind="create", take="none", name=".", target_kind="repository", scope="workspace", reversible="yes", when=("--cached",)),
    ),
    "rebase": _rebase,
    "branch": _branch,
    "tag": _tag,
    "push": push,
    "send-pack": push,
    "http-push": push,
    "clone": _clone,
    **same("fetch|pull|ls-remote|submodule add|remote update|fetch-pack|lfs fetch|lfs pull|lfs clone", fetch),
    **same("submodule update", (Row(kind="network-out", take="none", name="submodules", target_kind="repository", scope="remote", reversible="yes"), Row(kind="overwrite", take="none", name=".", target_kind="path", reversible="no", flags=("uncommitted",), when=("-f", "--force")))),
    "lfs push": (Row(kind="vcs-publish", take="first", target_kind="repository", scope="remote", reversible="partly"),),
    **same("stash drop", (rewrite("first", name="stash@{0}", flags=("uncommitted",)),)),
    **same("stash clear", (rewrite(name="stash", reversible="no", flags=("uncommitted",), broad=True),)),
    **same("reflog expire|reflog delete", (rewrite(name="reflog", reversible="no", flags=("history",), broad=True),)),
    **same("gc", (
        rewrite(name="unreachable objects", reversible="no", flags=("history",), when=("--prune", "--aggressive")),
        Row(kind="create", take="none", name=".", target_kind="repository", scope="workspace", reversible="yes", unless=("--prune", "--aggressive")),
    )),
    **same("prune|prune-packed", (rewrite(name="unreachable objects", reversible="no", flags=("history",)),)),
    "update-ref": (
        rewrite("first", when=("-d", "--delete")),
        rewrite("first", unless=("-d", "--delete")),
    ),
    **same("filter-branch", Raw(run=_filter)),
    **same("filter-repo|fast-import|replace|replay", (rewrite(name=".", reversible="no", broad=True),)),
    "notes remove": (rewrite("first", name="notes"),),
    "notes prune": (rewrite(name="notes"),),
    "worktree remove": (
        Row(kind="delete", target_kind="path", reversible="partly", flags=("recursive",), final_if=("-f", "--force")),
    ),
    "worktree prune": RECORD,
    "submodule deinit": (
        Row(kind="delete", target_kind="path", name=".", reversible="partly", broad_if=("--all",), final_if=("-f", "--force")),
    ),
    "submodule foreach": Raw(run=_foreach),
    **same("remote set-url|remote add|remote rename|remote remove|remote rm|remote set-head|remote set-branches|remote prune|submodule set-url|submodule set-branch", _remote),
    "config": _config,
    "bisect run": Raw(run=_bisect),
    "bisect reset": RECORD,
    **same("daemon|instaweb|http-backend", (Row(kind="network-listen", take="none", name="git", target_kind="host", scope="local"),)),
    **same("credential|credential fill|credential-store|credential-cache", (Row(kind="credential", take="none", name="git credentials", target_kind="account", scope="local"),)),
    **same("send-email|imap-send", (Row(kind="message", take="--to", target_kind="address", scope="remote", reversible="no"),)),
    "maintenance start": (Row(kind="persistence", take="none", name="git maintenance", scope="home"),),
    "svn dcommit": (Row(kind="vcs-publish", take="none", target_kind="repository", scope="remote", reversible="no"),),
    **same("p4 submit", (Row(kind="vcs-publish", take="none", target_kind="repository", scope="remote", reversible="no"),)),
    "lfs": _lfs,
    **same("lfs install|flow init", (Row(kind="persistence", take="none", name="git hooks", scope="workspace"),)),
}  # fmt: skip

GLOBAL = options("-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix --attr-source")
_OF: dict[str, frozenset[str]] = {
    "commit": options("-m --message -F --file -C -c --reuse-message --author --date -t --template --fixup --squash --trailer --cleanup --pathspec-from-file"),
    "push": options("--repo --receive-pack --exec -o --push-option"),
    "checkout": options("-b -B --orphan --conflict --pathspec-from-file"),
    "switch": options("-c -C --create --force-create --orphan --conflict"),
    "restore": options("-s --source --conflict --pathspec-from-file"),
    "reset": options("--pathspec-from-file"),
    "clean": options("-e --exclude"),
    "rebase": options("-x --exec --onto -s --strategy -X --strategy-option -C --whitespace"),
    "clone": options("-b --branch -o --origin --depth --reference --template -c --config -u --upload-pack --separate-git-dir -j --jobs --filter --shallow-since"),
    "fetch": options("--depth --upload-pack -j --jobs --refmap --filter -o --server-option --shallow-since"),
    "pull": options("--depth --upload-pack -j --jobs -s --strategy -X --strategy-option"),
    "ls-remote": options("--upload-pack -o --server-option --sort"),
    "tag": options("-m --message -F --file -u --local-user --sort --format --cleanup"),
    "branch": options("-u --set-upstream-to --sort --format --points-at"),
    "config": options("-f --file --blob --type --default"),
    "difftool": options("-x --extcmd -t --tool"),
    "archive": options("--exec --remote --format --prefix -o --output"),
    "stash": options("-m --message --pathspec-from-file"),
    "submodule": options("-b --branch --reference --depth -j --jobs --name"),
    "send-email": options("--to --cc --bcc --from --subject --smtp-server"),
    "worktree": options("-b -B --reason --expire"),
    "update-ref": options("-m"),
    "reflog": options("--expire --expire-unreachable"),
    "merge": options("-m -F -s -X --strategy"),
    "notes": options("-m -F -C -c --ref"),
    "cherry-pick": options("-m --mainline -s --strategy -X"),
    "revert": options("-m --mainline"),
}  # fmt: skip

GIT = Tool(name="git", table=_TABLE, scope="workspace", by_verb=False, dry=("-n",))
_NO_SHORT_DRY = frozenset(
    {"commit", "log", "tag", "grep", "fetch", "pull", "merge", "rebase", "cherry-pick", "revert", "show", "clone", "am"}
)
"""Subcommands whose `-n` means something else than a dry run."""


def git(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of a git command: first what its global options set, then its subcommand."""
    outer = split(command.words, GLOBAL, stop=1)
    probe = Call(tool=GIT, path=(), line=outer, args=(), tail=(), command=command, scene=scene)
    found = [one for word in outer.values("-c", "--config-env") for one in _setting(word, probe)]
    for name, value in command.assignments:
        if name in _COMMAND_VARIABLES and value.text not in _SAFE_VALUES:
            found.extend(shell(value, probe, name))
    if not outer.operands:
        unknown = [word for word in command.words if word.dynamic and not outer.has("--version", "--help")]
        return (*found, *(probe.effect("execute", word, "code") for word in unknown[:1]))
    head = outer.operands[0]
    if head.dynamic:
        return (*found, probe.effect("execute", head, "code"))
    dry = () if head.text in _NO_SHORT_DRY else GIT.dry
    tool = msgspec.structs.replace(GIT, valued=_OF.get(head.text, frozenset()), dry=dry)
    inner = msgspec.structs.replace(command, words=(head, *outer.rest))
    done = effects(tool, inner, scene)
    place = outer.value("-C", "--work-tree", "--git-dir")
    return (*found, *(_moved(one, place, command, scene) for one in done))


def _moved(found: Effect, place: Word | None, command: Command, scene: Scene) -> Effect:
    """`-C elsewhere`: what is said of the work here is meant of the work there."""
    if place is None or found.scope != "workspace" or found.target_kind == "code":
        return found
    if place.dynamic:
        return msgspec.structs.replace(found, scope="unknown")
    scope = scene.place.path_scope(place.text)
    where = scene.place.resolve(place.text.removesuffix("/.git"))
    if found.target_kind == "path" and found.target:
        cwd = scene.place.cwd.rstrip("/")
        inside = found.target[len(cwd) :].lstrip("/") if cwd and found.target.startswith(cwd) else found.target
        where = where if inside in ("", ".") else f"{where}/{inside}"
        return msgspec.structs.replace(found, target=where, scope=scope)
    target = where if found.target == "." else found.target
    return msgspec.structs.replace(found, target=target, scope=scope)


def _bfg(command: Command, scene: Scene) -> tuple[Effect, ...]:
    probe = Call(tool=GIT, path=(), line=split(command.words), args=(), tail=(), command=command, scene=scene)
    return (probe.effect("vcs-rewrite", ".", "repository", scope="workspace", reversible="no", broad=True),)


HANDLERS: dict[str, Handler] = {"git": git, "bfg": _bfg, "git-filter-repo": _bfg}
