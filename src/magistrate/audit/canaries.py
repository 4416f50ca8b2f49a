"""Known-bad actions in the dress of a run: made from the effects that matter, with the run's own tools, folders and manner.

A *dress* is what the run shows of itself up to some action: the tool by which it runs commands and the other arguments that it gives it,
its folder, the files it works on, the hosts it names, the commands it ran. A canary is one bad deed of a family, said in that dress, in the
place of one of the run's own calls, whose other arguments it keeps. Of many ways to say the deed the one is taken whose form (length,
lines, operators, arguments) lies nearest to that call, so that canaries cannot be told by form; `magistrate.audit.form` measures whether
they can.

Three difficulties: 1 the deed by itself; 2 beside a harmless step, within another shell, or with the end of one of the run's own commands
(`| head`, `2>&1`); 3 in the course of the work: among commands that the run gave before, or in the place of one part of them. Runs without a tool for commands get their own calls back with the target changed to a stranger's.
Nothing here runs anything. Pure: one seed, one canary.
"""

from __future__ import annotations

import random
import re
import shlex
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from msgspec import field
from msgspec.structs import replace

from magistrate.audit.deeds import AROUND, FAMILIES, HARMLESS, PYTHON_CALLS, STRANGERS, WORDS
from magistrate.audit.form import distance, measures
from magistrate.core.records import Action, Event, Record, RunStarted

REDIRECTED = "redirected"
"""The family of a run's own call whose target was changed to a stranger's: for runs that have no tool for commands."""
_COMMAND = re.compile(r"^(command|cmd|script|shell_command|bash)$", re.IGNORECASE)
_PYTHON = re.compile(r"python|jupyter|notebook", re.IGNORECASE)
_SHELL = re.compile(r"bash|shell|terminal|exec|(?:^|_)run|command|cmd", re.IGNORECASE)
_PATH = re.compile(r"(?:/[\w.@+-]+){2,}|[\w.-]+/[\w./-]+\.\w{1,5}")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_TARGET = re.compile(
    r"^(to|recipient|recipients|email|address|account|iban|payee|channel|user|username|user_email|participants?)$",
    re.IGNORECASE,
)
_OUTWARD = re.compile(r"send|pay|transfer|share|invite|forward|post|grant|add|book|order|wire", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://|@)([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?::\d{2,5})?)(?=[/:\s'\"]|$)")
_HOMES = re.compile(r"(?:/home|/Users)/[\w.-]+|/root(?=/)")
_TOKEN = re.compile(r"[A-Za-z0-9]+")
_SHELL_TOKEN = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|&&|\|\||;|\n|.", re.DOTALL)
_JOINTS = frozenset(("&&", "||", "|", ";", "\n"))
_GRAMMAR = re.compile(r"<<|\$\(|`|(?:^|[\s;])(?:for|while|if|case|do|then|function)\s|[(){}]")
"""What makes a command line more than commands one after the other."""
_END = re.compile(
    r"(?:\s*\|\s*(?:head|tail|wc|sort|grep|cut|uniq)\b[^|&;<>'\"]*|\s*(?:2>&1|2>/dev/null|>/dev/null))+\s*$"
)
_TRIES = 48
_KEPT = 40
_LONG = 2000
"""Characters of a command that is taken apart."""


class Dress(Record, frozen=True, kw_only=True):
    """What a run shows of itself."""

    host: str = "unknown"
    cwd: str = "/work/project"
    home: str = "/home/user"
    shell: Action | None = None
    """The last call by which it ran a command."""
    key: str = ""
    """The argument that holds the command."""
    shells: tuple[Action, ...] = ()
    """The calls by which it ran commands so, the latest last."""
    hosts: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    calls: tuple[Action, ...] = ()
    tools: Mapping[str, int] = field(default_factory=dict)


class Planted(Record, frozen=True, kw_only=True):
    """A canary, ready to be planted."""

    family: str
    difficulty: int
    action: Action


def dress(events: Iterable[Event]) -> Dress:
    """What a run shows up to here; bounded."""
    started = RunStarted(host="unknown")
    calls: deque[Action] = deque(maxlen=_KEPT)
    shells: deque[tuple[Action, str]] = deque(maxlen=_KEPT)
    tools: Counter[str] = Counter()
    for event in events:
        body = event.body
        if isinstance(body, RunStarted):
            started = body
        if isinstance(body, Action):
            calls.append(body)
            tools[body.tool] += 1
            found = _command_key(body)
            if found:
                shells.append((body, found))
    texts = [repr(call.arguments)[:4000] for call in calls]
    named = (path for text in texts for path in _PATH.findall(text) if path[0] != "-")
    files = tuple(dict.fromkeys(named))[:_KEPT]
    cwd = started.cwd or _folder(files) or "/work/project"
    home = started.home or _home(cwd) or next((home for text in texts for home in _HOMES.findall(text)), "/home/user")
    shell, key = shells[-1] if shells else (None, "")
    alike = [call for call, its in shells if its == key]
    return Dress(
        host=started.host,
        cwd=cwd,
        home=home,
        shell=shell,
        key=key,
        shells=tuple(alike),
        hosts=tuple(dict.fromkeys(host for text in texts for host in _HOST.findall(text)))[:_KEPT],
        commands=tuple(str(call.arguments[key]) for call in alike),
        files=files,
        calls=tuple(calls),
        tools=dict(tools),
    )


def _command_key(action: Action) -> str:
    """The argument that holds a shell command: by its name, and by the tool's name or text that looks like one.

    Editors call their verb `command` too (`view`): one word is no command line.
    """
    for name, value in action.arguments.items():
        if not isinstance(value, str) or not value.strip():
            continue
        plain_words = len(value.split()) > 1 and len(action.arguments) <= 3
        if _COMMAND.match(name) and (_SHELL.search(action.tool) or plain_words):
            return name
        if name == "code" and _PYTHON.search(action.tool):
            return name
    return ""


def _home(cwd: str) -> str:
    parts = cwd.split("/")
    return "/".join(parts[:3]) if len(parts) > 3 and parts[1] in ("home", "Users") else ""


def _folder(files: Sequence[str]) -> str:
    """The folder that most of the files lie in or below, by its first two names."""
    tops = Counter("/".join(path.split("/")[:3]) for path in files if path.startswith("/") and path.count("/") > 2)
    return tops.most_common(1)[0][0] if tops else ""


def families(worn: Dress) -> tuple[str, ...]:
    """The families that a run in this dress could be caught at."""
    if worn.shell:
        return tuple(FAMILIES)
    return (REDIRECTED,) if any(_targets(call) for call in worn.calls) else ()


def canary(worn: Dress, family: str, seed: str, difficulties: Sequence[int] = (1, 2, 3)) -> Planted | None:
    """One canary, of the difficulty whose form fits best; None when the run's dress has no room for this family."""
    dice = random.Random(seed)  # noqa: S311  only whoever knows the secret seed can tell; see `magistrate canary`
    if family == REDIRECTED:
        action = _redirected(worn, dice)
        return Planted(family=family, difficulty=3, action=action) if action else None
    if worn.shell is None or family not in FAMILIES:
        return None
    model = dice.choice(worn.shells)
    goal = measures(Action(tool="", arguments={worn.key: model.arguments[worn.key]}))
    tries = [
        (level, _worded(worn, str(model.arguments[worn.key]), dice.choice(FAMILIES[family]), level, dice))
        for _ in range(_TRIES)
        for level in difficulties
    ]
    level, text = min(tries, key=lambda made: distance(measures(Action(tool="", arguments={worn.key: made[1]})), goal))
    return Planted(family=family, difficulty=level, action=_called(worn, model, text))


def _called(worn: Dress, shell: Action, text: str) -> Action:
    """A command in the place of one of the run's own: the same tool and the same other arguments, in the same order; where one of
    them describes the call, the deed goes under that description."""
    arguments = {name: text if name == worn.key else value for name, value in shell.arguments.items()}
    return Action(tool=shell.tool, arguments=arguments, cwd=shell.cwd, server=shell.server)


def _worded(worn: Dress, model: str, template: str, difficulty: int, dice: random.Random) -> str:
    """A deed in the manner of one of the run's commands."""
    names = _names(worn, dice)
    python = worn.key == "code"
    deed, before = _fill(template, names), _fill(dice.choice(HARMLESS), names)
    if difficulty == 2 and not python:
        end = _END.search(model[-200:])
        ways = [
            f"{before} && {deed}",
            f"{before}; {deed}",
            f"bash -c {shlex.quote(deed)}",
            *(_fill(way, {**names, "deed": deed}) for way in AROUND if "|" not in deed and "&&" not in deed),
            *([deed + end[0]] if end else []),
        ]
        deed = dice.choice(ways)
    elif difficulty == 2:
        deed = f"bash -c {shlex.quote(deed)}"
    if python:
        deed = _fill(dice.choice(PYTHON_CALLS), {"text": repr(deed)})
    if difficulty < 3:
        return deed
    pieces = [] if python else _pieces(model)
    if len(pieces) > 1:
        at = 2 * dice.randrange((len(pieces) + 1) // 2)
        return "".join((*pieces[:at], deed, *pieces[at + 1 :]))
    own = [dice.choice(worn.commands).strip() for _ in range(dice.choice((1, 1, 1, 2)))]
    own.insert(dice.randrange(len(own) + 1), deed)
    return ("\n" if python else _joint(worn, own, dice)).join(own)


def _pieces(text: str) -> list[str]:
    """A command line as commands and what joins them, in turn; alone where it is more than commands one after the other."""
    if len(text) > _LONG or _GRAMMAR.search(text):
        return [text]
    pieces = [""]
    for token in _SHELL_TOKEN.findall(text):
        if token in _JOINTS:
            pieces += [token, ""]
        else:
            pieces[-1] += token
    return [_padded(pieces, at) for at in range(len(pieces))] if all(p.strip() for p in pieces[::2]) else [text]


def _padded(pieces: Sequence[str], at: int) -> str:
    """A command without the blanks around it; a joint with them."""
    piece = pieces[at]
    if at % 2 == 0:
        return piece.strip()
    before, after = pieces[at - 1], pieces[at + 1]
    return before[len(before.rstrip()) :] + piece + after[: len(after) - len(after.lstrip())]


def _joint(worn: Dress, pieces: Sequence[str], dice: random.Random) -> str:
    """How the run joins commands; by lines, where one of them has several."""
    if any("\n" in piece for piece in pieces):
        return "\n"
    used = [mark for mark in (" && ", "; ", "\n") for text in worn.commands if mark in text]
    return dice.choice(used or [" && ", "; "])


def _names(worn: Dress, dice: random.Random) -> dict[str, str]:
    a, b = dice.sample(WORDS, 2)
    files = [path for path in worn.files if path.startswith(worn.cwd) or not path.startswith("/")] or [
        f"{worn.cwd}/notes.md"
    ]
    file = dice.choice(files)
    if file.startswith(worn.cwd + "/") and dice.random() < 0.5:
        file = file[len(worn.cwd) + 1 :]
    folder = file.rsplit("/", 1)[0] if "/" in file else worn.cwd
    return {
        "stranger": _stranger(worn, dice),
        "file": file,
        "folder": worn.cwd if folder.isdigit() else folder or "/",
        "files": " ".join(dice.choices(files, k=dice.randrange(1, 6))),
        "packages": " ".join(dice.sample(WORDS, dice.randrange(1, 6))),
        "parent": worn.cwd.rsplit("/", 1)[0] or worn.cwd,
        "home": dice.choice((worn.home, "~")),
        "package": f"{a}-{b}",
        "key": f"ssh-ed25519 AAAAC3Nza{a}{b} {a}@{b}",
    }


def _stranger(worn: Dress, dice: random.Random) -> str:
    """A host that nobody mentioned, half of the time of the shape of one that the run names."""
    if worn.hosts and dice.random() < 0.5:
        return _strange(dice.choice(worn.hosts), dice)
    a, b = dice.sample(WORDS, 2)
    return _fill(dice.choice(STRANGERS), {"a": a, "b": b, "n": str(dice.randrange(1, 255))})


def _fill(template: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], found[0]), template)


# ---------------------------------------------------------------- runs without commands


def _targets(call: Action) -> list[str]:
    """Top-level text arguments of a call that reaches others, which name whom it reaches: by key or by look."""
    if not _OUTWARD.search(call.tool):
        return []
    return [
        name
        for name, value in call.arguments.items()
        if isinstance(value, str) and value and (_TARGET.search(name) or _ADDRESS.search(value))
    ]


def _redirected(worn: Dress, dice: random.Random) -> Action | None:
    """One of the run's own calls, to a stranger."""
    open_ = [call for call in worn.calls if _targets(call)]
    if not open_:
        return None
    call = dice.choice(open_)
    name = dice.choice(_targets(call))
    return replace(
        call, call_id="", arguments={**call.arguments, name: _strange(str(call.arguments[name]), dice)}, at=""
    )


def _strange(value: str, dice: random.Random) -> str:
    """Another value of the same shape that nobody mentioned: words become words of about their length, codes other codes, and what
    stands between them stays."""
    if value.startswith(("/", "~", ".")):
        a, b = dice.sample(WORDS, 2)
        return f"{'/'.join(value.split('/')[:-1])}/../../{a}/{b}"
    scheme, mark, rest = (
        value[:200].rpartition("://") if value.startswith(("http://", "https://")) else ("", "", value[:200])
    )
    ends = [found.span() for found in re.finditer(r"\.[A-Za-z]{2,4}(?=$|[/:?\s])", rest)][:1]
    kept = {at + 1 for at, _ in ends}  # what hosts end in
    return scheme + mark + _TOKEN.sub(lambda found: found[0] if found.start() in kept else _other(found[0], dice), rest)


def _other(token: str, dice: random.Random) -> str:
    """A word of about the same length, or digits and letters like those of a code."""
    if token.isalpha() and len(token) > 2:
        word = min(dice.sample(WORDS, 12), key=lambda one: (abs(len(one) - len(token)), one == token.lower()))
        return word.upper() if token.isupper() else word.title() if token[0].isupper() else word
    letters = "abcdefghijklmnopqrstuvwxyz"
    made = (
        dice.choice("0123456789") if c.isdigit() else dice.choice(letters.upper() if c.isupper() else letters)
        for c in token
    )
    return "".join(made)


def spread(worn: Dress, count: int, seed: str) -> list[Planted]:
    """So many canaries for one place, families in turn from one that the seed chooses."""
    possible = families(worn)
    if not possible:
        return []
    start = random.Random(seed).randrange(len(possible))  # noqa: S311
    made = (canary(worn, possible[(start + at) % len(possible)], f"{seed}|{at}") for at in range(count))
    return [one for one in made if one]
