"""The machinery under the tables: splitting a command line, choosing its row, and turning rows into effects.

A tool is data: which options take a value, and a table from subcommand to `Row`s. What a table lacks is read from its verbs
(`verbs.read_path`); what has no verb either is `execute`, guessed. Nothing here raises on any words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import field

from magistrate.core.records import Certainty, Effect, EffectKind, Record, Reversibility, Scope, TargetKind
from magistrate.evidence.effects.command import NOT_DRY, Command, Handler, Scene, Word, effect, path_effect
from magistrate.evidence.effects.commands import verbs
from magistrate.evidence.effects.commands.line import Line, split
from magistrate.evidence.effects.place import looks_production

MAX_TARGETS = 40
"""More targets than this in one command become one broad effect more."""

FLAGS: dict[str, str] = {
    "--force": "force",
    "--yes": "auto-approve",
    "--assume-yes": "auto-approve",
    "--auto-approve": "auto-approve",
    "--approve": "auto-approve",
    "--confirm": "auto-approve",
    "--quiet-yes": "auto-approve",
    "--no-prompt": "auto-approve",
    "--no-confirm": "auto-approve",
    "--noconfirm": "auto-approve",
    "--non-interactive": "auto-approve",
    "--recursive": "recursive",
    "--all": "bulk",
    "--no-verify": "no-verify",
    "--cascade": "cascade",
    "--skip-final-snapshot": "no-backup",
    "--force-delete-without-recovery": "no-backup",
    "--no-backup": "no-backup",
    "--skip-backup": "no-backup",
}
"""Options that mean the same nearly everywhere, and the flag they leave on each effect."""
_DRY = (
    "--dry-run",
    "--dryrun",
    "--dry_run",
    "--check",
    "--noop",
    "--what-if",
    "--whatif",
    "--simulate",
    "--just-print",
)
_HELP = ("--help", "--version")
_CONTEXT = verbs.word_set(
    "--context --kube-context --cluster --namespace --profile --project --subscription --account --env --environment "
    "--stage --stack --workspace --app --target --instance --server --host --hostname --url --endpoint --organization --org "
    "--database --db --inventory --limit --resource-group --remote --region --stack-name --address --chdir --var-file --values --remote-name"
)
_NAMING = (
    "name",
    "names",
    "id",
    "ids",
    "identifier",
    "arn",
    "bucket",
    "cluster",
    "table",
    "url",
    "topic",
    "queue",
    "uri",
    "group",
)
_HOLDERS = (
    "--user-name",
    "--role-name",
    "--user",
    "--member",
    "--principal",
    "--assignee",
    "--serviceaccount",
    "--username",
)
"""Options that name who gets or loses a right."""
_WHOLE = ("--all", "--all-namespaces", "--prefix", "--recurse", "-recurse", "--from-key", "--recursive")
"""Options that turn one named thing into all that it holds."""
_BROAD_WORDS = frozenset({"*", "all", ".", "/", "**", ":all", "--all"})


class Row(Record, frozen=True, kw_only=True):
    """One effect of a subcommand."""

    kind: EffectKind
    take: str = "all"
    """Which operands are targets: `all`, `first`, `rest` (all but the first), `last`, `none`, or the name of an option."""
    name: str = ""
    """The target where none is given."""
    target_kind: TargetKind = "resource"
    scope: Scope | None = None
    """None: the tool's."""
    reversible: Reversibility = "unknown"
    flags: tuple[str, ...] = ()
    broad: bool = False
    broad_if: tuple[str, ...] = ()
    """Options that make it a whole."""
    final_if: tuple[str, ...] = ()
    """Options that make it irreversible."""
    when: tuple[str, ...] = ()
    """Only with any of these options."""
    unless: tuple[str, ...] = ()
    """Not with any of these options."""


class Call(Record, frozen=True, kw_only=True):
    """One command line of a tool, its subcommand found."""

    tool: Tool
    path: tuple[str, ...]
    line: Line
    args: tuple[Word, ...]
    """Operands after the subcommand."""
    tail: tuple[Word, ...]
    """All words after the subcommand's last word."""
    command: Command
    scene: Scene

    def effect(
        self,
        kind: EffectKind,
        target: Word | str = "",
        target_kind: TargetKind = "resource",
        *,
        scope: Scope | None = None,
        reversible: Reversibility = "unknown",
        flags: Iterable[str] = (),
        broad: bool = False,
        certainty: Certainty = "parsed",
    ) -> Effect:
        """An effect of this call; a path's scope and breadth are worked out, an unresolved target makes it dynamic."""
        word = target if isinstance(target, Word) else Word(text=target)
        history = () if kind != "vcs-rewrite" else ("history", "remote-branch") if scope == "remote" else ("history",)
        flags = tuple(dict.fromkeys((*flags, *history, *self.marks())))
        if target_kind == "path":
            found = path_effect(
                kind, word, self.command, self.scene, reversible=reversible, flags=flags, certainty=certainty
            )
            return msgspec.structs.replace(found, broad=found.broad or broad)
        return effect(
            kind,
            word.text,
            target_kind,
            self.command,
            scope=scope or self.tool.scope,
            reversible=reversible,
            flags=flags,
            certainty=certainty,
            broad=broad or word.glob or _is_whole(word.text, target_kind),
            dynamic=word.dynamic,
        )

    def marks(self) -> tuple[str, ...]:
        """Flags that the options leave on every effect."""
        given = (
            name for name, value in self.line.options if value is None or name.startswith("--")
        )  # `-f FILE` forces nothing
        known = (FLAGS.get(name) or self.tool.marks.get(name) for name in given)
        return tuple(dict.fromkeys(flag for flag in known if flag))


def _is_whole(text: str, target_kind: TargetKind) -> bool:
    return text.endswith("/*") or (
        text in _BROAD_WORDS and (text != "." or target_kind not in ("repository", "branch"))
    )


Special = Callable[[Call], Iterable[Effect]]


class Raw(Record, frozen=True, kw_only=True):
    """A subcommand that reads its own words (`docker exec`): neither help nor dry run is looked for among them."""

    run: Special


Entry = tuple[Row, ...] | Special | Raw


class Tool(Record, frozen=True, kw_only=True):
    """A command line tool, as data."""

    name: str
    table: Mapping[str, Entry] = field(default_factory=dict)
    """From subcommand path (`stash drop`) to what it does; an empty tuple: nothing worth telling."""
    valued: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    greedy: bool = False
    long_dash: bool = False
    scope: Scope = "remote"
    target_kind: TargetKind = "resource"
    marks: Mapping[str, str] = field(default_factory=dict)
    """Options of this tool that leave a flag (`-f` -> `force`)."""
    dry: tuple[str, ...] = ()
    """Further options that make a run only pretend."""
    help: tuple[str, ...] = ()
    valued_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Options that take a value only under this first word (`-f` of `build`)."""
    by_verb: bool = True
    bare: Entry = ()
    """Without a subcommand."""


def handler(tool: Tool) -> Handler:
    """The handler that reads a tool's table."""

    def handle(command: Command, scene: Scene) -> tuple[Effect, ...]:
        return tuple(effects(tool, command, scene))

    return handle


def effects(tool: Tool, command: Command, scene: Scene) -> Iterator[Effect]:
    """What one command line of the tool does."""
    line = _split(tool, command.words, tool.valued)
    more = tool.valued_of.get(line.operands[0].text) if line.operands else None
    if more:
        line = _split(tool, command.words, tool.valued | more)
    call, entry = _choose(tool, line, command, scene)
    if isinstance(entry, Raw):
        before = command.words[: len(command.words) - len(call.tail)]
        yield from _finish(entry.run(msgspec.structs.replace(call, line=_split(tool, before, tool.valued))), call)
        return
    unresolved = _unresolved(call, entry)
    if unresolved is not None:
        yield call.effect("execute", unresolved, "code")
        return
    asks = line.operands[0].text if line.operands else ""
    if _only_help(call) or (asks == "help" and entry is None) or (asks in ("help", "version") and not call.args):
        return
    found = tuple(_apply(entry, call))
    yield from (_demote(one) for one in _finish(found, call)) if is_dry(call) else _finish(found, call)


def _split(tool: Tool, words: Iterable[Word], valued: frozenset[str]) -> Line:
    return split(words, valued, greedy=tool.greedy, switches=tool.switches, long_dash=tool.long_dash)


def _choose(tool: Tool, line: Line, command: Command, scene: Scene) -> tuple[Call, Entry | None]:
    """The longest path of operands that the table holds; None: the table says nothing."""
    texts = tuple(word.text for word in line.operands[:4])
    for length in range(len(texts), 0, -1):
        entry = tool.table.get(" ".join(texts[:length]))
        if entry is not None and not any(word.dynamic for word in line.operands[:length]):
            return _call(tool, line, command, scene, length), entry
    return _call(tool, line, command, scene, 0), (None if texts else tool.bare)


def _call(tool: Tool, line: Line, command: Command, scene: Scene, length: int) -> Call:
    tail = command.words[line.at[length - 1] + 1 :] if length else command.words
    path = tuple(word.text for word in line.operands[:length])
    return Call(
        tool=tool, path=path, line=line, args=line.operands[length:], tail=tuple(tail), command=command, scene=scene
    )


def _unresolved(call: Call, entry: Entry | None) -> Word | None:
    """The word that hides which subcommand this is: an operand in its place, or an option that is a bare variable."""
    if entry is not None and call.path:
        prefix = " ".join(call.path) + " "
        hides = call.args and call.args[0].dynamic and any(key.startswith(prefix) for key in call.tool.table)
        return call.args[0] if hides else None
    for word in call.command.words:
        if word.text == "--":
            break
        if word.dynamic and not (word.text.startswith("-") and len(word.text) > 1):
            before_verb = call.path or not verbs.find_verb(_until_dynamic(call))
            if before_verb:
                return word
    return None


def _only_help(call: Call) -> bool:
    """Help is asked for: not `--version=3`, not `--version 3` of a subcommand, not what may be the value of the option before it."""
    asked = ("--help", *call.tool.help, *(() if call.path else ("--version",)))
    return any(name in asked and value is None for name, value in call.line.options) and _stands_alone(call, asked)


def _stands_alone(call: Call, names: tuple[str, ...]) -> bool:
    """Whether one of the options is surely an option, not the value of an unknown long one before it."""
    before = ""
    for word in call.command.words:
        text = word.text
        if text.partition("=")[0] in names or (call.tool.long_dash and "-" + text.partition("=")[0] in names):
            known = (
                before in FLAGS
                or before in call.tool.marks
                or before in call.tool.switches
                or before.startswith("--no-")
            )
            if not before.startswith("--") or "=" in before or known:
                return True
        before = text
    return any(name in names and len(name) == 2 for name, _ in call.line.options)


def _until_dynamic(call: Call) -> list[str]:
    found: list[str] = []
    for word in call.line.operands:
        if word.dynamic:
            break
        found.append(word.text)
    return found if call.tool.by_verb else []


def _apply(entry: Entry | None, call: Call) -> Iterator[Effect]:
    if entry is None:
        yield from by_verb(call)
    elif isinstance(entry, tuple):
        for row in entry:
            if (row.when and not call.line.has(*row.when)) or (row.unless and call.line.has(*row.unless)):
                continue
            yield from rows(row, call)
    elif not isinstance(entry, Raw):
        yield from entry(call)


def rows(row: Row, call: Call) -> Iterator[Effect]:
    """The effects of one row: one for each target."""
    taken = _taken(row, call)
    final = bool(row.final_if) and call.line.has(*row.final_if)
    broad = row.broad or (bool(row.broad_if) and call.line.has(*row.broad_if)) or len(taken) > MAX_TARGETS
    for word in taken[:MAX_TARGETS]:
        yield call.effect(
            row.kind,
            word,
            row.target_kind,
            scope=row.scope,
            reversible="no" if final else row.reversible,
            flags=row.flags,
            broad=broad,
        )


def _taken(row: Row, call: Call) -> list[Word]:
    args = [*call.args, *call.line.rest]
    if row.take.startswith("-"):
        found = call.line.values(*row.take.split("|"))
    else:
        found = {"all": args, "first": args[:1], "rest": args[1:], "last": args[-1:]}.get(row.take, [])
    return found or [Word(text=row.name)]


def by_verb(call: Call, *, skip: int = 0) -> Iterator[Effect]:
    """Effects by the words of the path; unknown ones are `execute`, guessed."""
    operands = call.line.operands[skip:]
    texts = [word.text for word in operands]
    reading = verbs.read_path(call.tool.name, texts) if call.tool.by_verb else None
    if reading is None:
        target = " ".join([call.command.name, *texts[:2]])
        yield call.effect("execute", target, "code", scope="unknown", certainty="guessed")
        return
    targets = list(operands[reading.at + 1 :]) + [w for w in call.line.rest if not w.text.startswith("-")]
    named = _named(call)
    if named and (call.tool.greedy or not targets or call.line.has("--name")):
        targets = named
    if reading.kind == "permission":
        # Whose rights change, not which right it is, nor where it counts.
        targets = call.line.values(*_HOLDERS) or targets
    path = " ".join([*texts[: reading.at + 1]])
    for word in (targets or [Word(text=path)])[:MAX_TARGETS]:
        yield call.effect(
            reading.kind,
            word,
            "url" if "://" in word.text else reading.target_kind,
            reversible=reading.reversible,
            flags=reading.flags,
            broad=reading.broad or call.line.has(*_WHOLE) or len(targets) > MAX_TARGETS,
        )


def _named(call: Call) -> list[Word]:
    """Values of options that name a thing (`--bucket`, `--db-instance-identifier`, `--user-name`)."""
    return [
        value
        for name, value in call.line.options
        if value is not None and name.startswith("--") and verbs.tokens(name)[-1:] and verbs.tokens(name)[-1] in _NAMING
        and name not in ("--resource-group", "--subscription-id")
    ]  # fmt: skip


def is_dry(call: Call) -> bool:
    """Whether the options say that it only pretends."""
    asked = (*_DRY, *call.tool.dry)
    said = [(name, value) for name, value in call.line.options if name in asked or "--" + name[5:] in asked]
    return bool(said) and not any(_takes_back(name, value) for name, value in said) and _stands_alone(call, asked)


def _takes_back(name: str, value: Word | None) -> bool:
    """`--no-dry-run`, `--dry-run=false`, `--dry-run=$UNKNOWN`."""
    return name.startswith("--no-") or (value is not None and (value.dynamic or value.text.lower() in NOT_DRY))


def _demote(found: Effect) -> Effect:
    """A pretended effect reads. Running code is never pretended, nor is what could not be resolved."""
    if found.kind in ("execute", "read") or found.certainty in ("dynamic", "guessed"):
        return found
    return msgspec.structs.replace(found, kind="read", reversible="yes", broad=False, flags=("dry-run",))


def _finish(found: Iterable[Effect], call: Call) -> Iterator[Effect]:
    """Production by any context, namespace, profile or host that the command names."""
    live = any(
        value is not None and name in _CONTEXT and looks_production(value.text) for name, value in call.line.options
    )
    live = live or any(
        looks_production(word.text)
        for name, word in call.command.assignments
        if name.startswith(
            ("AWS_", "KUBE", "TF_", "GOOGLE_", "AZURE_", "ENV", "NODE_ENV", "RAILS_ENV", "STAGE", "PG", "DATABASE")
        )
    )
    for one in found:
        yield msgspec.structs.replace(one, production=True) if live and not one.production else one


def unwrap(words: Iterable[Word], call: Call, via: str) -> Iterator[Effect]:
    """The effects of a command inside a command. Without a known first word it is `dynamic`; without words it is nothing."""
    inner = tuple(words)
    if not inner:
        return
    head, rest = inner[0], inner[1:]
    if head.dynamic:
        yield call.effect("execute", head, "code")
        return
    name = head.text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    yield from call.scene.command(
        Command(
            name=name,
            words=rest,
            assignments=call.command.assignments,
            via=(*call.command.via, via),
            input=call.command.input,
            stdin=call.command.stdin,
            path=call.command.path,
        )
    )


def shell(word: Word, call: Call, via: str) -> Iterator[Effect]:
    """The effects of shell text inside a command."""
    if word.dynamic:
        yield call.effect("execute", word, "code")
    else:
        yield from call.scene.shell(word.text, via=(*call.command.via, via), path=call.command.path)


def elsewhere(found: Iterable[Effect], scope: Scope) -> Iterator[Effect]:
    """Effects moved to another machine: paths and processes there are not ours."""
    for one in found:
        moved = one.scope == "local" or one.target_kind in ("path", "process", "package", "code", "unknown", "device")
        yield msgspec.structs.replace(one, scope=scope) if moved else one


options = verbs.word_set


def same(names: str, entry: Entry) -> dict[str, Entry]:
    """One entry under several subcommands, separated by `|`."""
    return {name.strip(): entry for name in names.split("|")}


__all__ = [
    "FLAGS", "Call", "Entry", "Line", "Raw", "Row", "Special", "Tool", "by_verb", "effects", "elsewhere", "handler", "is_dry", "options", "rows", "same",
    "shell", "split", "unwrap",
]  # fmt: skip
