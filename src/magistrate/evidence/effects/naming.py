"""What a tool's name says: its verb, how sure that is, and the classes of object it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from magistrate.evidence.effects.lexicon import NOT_VERBS, NOUNISH, NOUNS, PHRASES, VERBS
from magistrate.evidence.effects.morphology import Form, base, split, unglue, word_set

_MCP = re.compile(r"^mcp_{1,2}(?P<server>.+?)__(?P<tool>.+)$|^mcp_(?P<server1>[^_]+)_(?P<tool1>.+)$")
_KNOWN = VERBS.keys() | NOUNS.keys()
_GLUED = _KNOWN - {"is", "are", "has", "can", "does"}
"""What runs together in names: nobody writes a question so (`aremove` is not `are`, `move`)."""
_WHOLE = word_set("around avoid await awake")
_JOINERS = frozenset({"and", "or", "then", "also"})
_FILLERS = frozenset(
    {"a", "an", "the", "my", "all", "bulk", "async", "batch", "safe", "do", "please", "auto", "quick", "dry"}
)
_ADJECTIVES = word_set("new open complete clear empty clean correct close set forward do done pause answer respond")
_TRAILING_READS = word_set("list search query lookup count view get find read")
_SEARCHING = word_set("search list view query check lookup")
_FIRM_READS = word_set("get fetch read is has can are does describe show")
_READING = frozenset({"read", "compute"})
_SERVER_CLASSES = frozenset({"sql", "vcs"})
_CRON = word_set("cron crontab startup autostart daemon launchd systemd")
_JOBS = word_set("job script command automation routine workflow trigger")
_MACHINES = word_set("instance server cluster vm deployment machine host namespace stack droplet replica")
_NAMESPACES = word_set("app application service system host machine environment server workspace")
"""Words that say where a tool lives when they stand before a dot or slash, and what it acts on elsewhere."""
_ALL = word_set("all every everything everyone bulk entire")


class Act(NamedTuple):
    """A verb of the name."""

    kind: str
    """Class of act (`lexicon.VERBS`)."""
    verb: str
    sure: bool
    """The verb stands in its base form, as tool names do."""


class Reading(NamedTuple):
    """What a name says. `acts` is empty when it says nothing."""

    acts: tuple[Act, ...]
    objects: frozenset[str]
    """Classes of object (`lexicon.NOUNS`) and those made of several words."""
    words: frozenset[str]
    """Base forms of all its words."""
    ordered: tuple[str, ...]
    all: bool
    """Speaks of all of a kind."""
    name: str = ""
    """The name as it was given."""


class _Word(NamedTuple):
    text: str
    root: str
    form: Form


def bare(tool: str) -> tuple[str, str]:
    """`(server, tool)` of an MCP name (`mcp__server__tool`, `mcp_server_tool`), else `("", tool)`."""
    match = _MCP.match(tool[:400])
    if not match:
        return "", tool
    return match["server"] or match["server1"] or "", match["tool"] or match["tool1"] or tool


@lru_cache(maxsize=4096)
def read_name(tool: str, server: str = "") -> Reading:
    """Read a tool's name; `server` is the MCP server's when the name does not hold it."""
    named, name = bare(tool)
    reading = _read(_words(_unspaced(name)))
    context = frozenset(kind for word in split(named + " " + server) for kind in NOUNS.get(word, ())) & _SERVER_CLASSES
    return reading._replace(objects=reading.objects | context, name=tool[:200])


def _unspaced(name: str) -> str:
    """The name without a leading namespace that says only where the tool lives (`app.cancelMeeting`), if it is whole without."""
    space, dot, rest = (
        re.split(r"([./:]+)", name[:400], maxsplit=1) if re.search(r"[./:]", name[:400]) else (name, "", "")
    )
    kept = dot and len(split(rest)) > 1 and all(word in _NAMESPACES for word in split(space))
    return rest if kept else name


@lru_cache(maxsize=1024)
def read_phrase(text: str, words: int = 8) -> Reading:
    """Read the first words of a description or of an action word: `Sends a message to ...`, `turn_on`."""
    found = _read(_words(text[:200])[:words], described=True)
    return found._replace(acts=tuple(act._replace(sure=False) for act in found.acts))


def _words(name: str) -> list[_Word]:
    found: list[_Word] = []
    for text in split(name):
        root, form = base(text, _KNOWN)
        if form == "unknown" and not found and text[0] == "a" and text[1:] in VERBS and text not in _WHOLE:
            found.append(_Word(text, text[1:], "base"))  # as Python names the asynchronous twin: `aremove`, `aget`
        elif form == "unknown":
            parts = unglue(text, _GLUED)
            found.extend(_Word(part, *base(part, _KNOWN)) for part in parts)
        else:
            found.append(_Word(text, root, form))
    return found


def _read(words: Sequence[_Word], *, described: bool = False) -> Reading:
    acts = _acts(words, described)
    roots = frozenset(word.root for word in words) | frozenset(word.text for word in words)
    verb = acts[0].verb if acts else ""
    return Reading(
        acts=acts,
        objects=_objects(words, roots, verb),
        words=roots,
        ordered=tuple(word.root for word in words),
        all=not roots.isdisjoint(_ALL),
    )


def _objects(words: Sequence[_Word], roots: frozenset[str], verb: str) -> frozenset[str]:
    """Classes of the nouns; the verb counts as one only when it occurs again."""
    objects: set[str] = set()
    skipped = False
    for word in words:
        if word.root == verb and word.form == "base" and not skipped:
            skipped = True
            continue
        objects |= NOUNS.get(word.root, frozenset()) | NOUNS.get(word.text, frozenset())
    if "key" in objects and (
        "keyish" in objects or (verb not in ("get", "list", "stake", "send") and "token" in roots)
    ):
        objects.add("secret-key")
    if (
        ("pull" in objects and "request" in objects)
        or "pr" in roots
        or {"merge", "pull"} <= roots
        or {"merge", "request"} <= roots
    ):
        objects.add("pull-request")
    if "release" in objects and "vcs" in objects:
        objects.add("vcs-release")
    if roots & _CRON or (verb == "schedule" and roots & _JOBS):
        objects.add("cron")
    if {"security", "group"} <= roots:
        objects.add("infra")
    if "payroll" in roots:
        objects.add("payroll")
    if roots & _MACHINES:
        objects.add("infra-only")
    if "vcs" in objects and roots & {"issue", "discussion", "ticket"}:
        objects.add("vcs-issue")
    if "santa" in roots:
        objects -= {"credential", "secret-key"}
    return frozenset(objects)


def _acts(words: Sequence[_Word], described: bool) -> tuple[Act, ...]:
    phrase = _phrase(words)
    candidates = _candidates(words, described)
    if phrase is not None:
        at, verb = phrase
        earlier = [index for index, _, strong in candidates if index < at and strong]
        if not earlier:
            return (Act(VERBS[verb], verb, True), *_joined(words, candidates, verb))
    chosen = _choose(words, candidates)
    if chosen is not None:
        verb = words[chosen].root
        plain = chosen == 0 or any(index == chosen and strong for index, _, strong in candidates)
        return (Act(VERBS[verb], verb, plain), *_joined(words, candidates, verb))
    derived = [
        word.root
        for word in words
        if word.form in ("participle", "gerund", "agent", "noun") and word.root in VERBS and word.text not in NOT_VERBS
    ]
    derived = [verb for verb in derived if VERBS[verb] != "weak"] or derived
    # Of several derived forms the gravest is the one to reckon with.
    derived.sort(key=lambda verb: VERBS[verb] in _READING)
    return (Act(VERBS[derived[0]], derived[0], False),) if derived else ()


def _phrase(words: Sequence[_Word]) -> tuple[int, str] | None:
    for at, word in enumerate(words):
        for after in words[at + 1 : at + 3]:
            verb = PHRASES.get((word.root, after.root))
            if verb:
                return at, verb
    return None


def _candidates(words: Sequence[_Word], described: bool) -> list[tuple[int, str, bool]]:
    """`(index, verb, strong)` of the words that stand as verbs; nouns and adjectives in disguise are not strong."""
    found: list[tuple[int, str, bool]] = []
    for at, word in enumerate(words):
        as_verb = word.form == "base" or (described and word.form == "plural")
        if as_verb and word.root in VERBS and word.text not in NOT_VERBS and word.text not in _FILLERS:
            found.append((at, word.root, word.root not in NOUNISH and word.root not in _ADJECTIVES))
    return found


def _choose(words: Sequence[_Word], candidates: Sequence[tuple[int, str, bool]]) -> int | None:
    """Index of the main verb. Names run verb first (`post_message`) or object first (`message.delete`)."""
    if not candidates:
        return None
    last = len(words) - 1
    first, verb, first_strong = candidates[0]
    strong = next(((at, name) for at, name, is_strong in candidates if is_strong), None)
    if strong is None:
        ending = candidates[-1]
        if ending[0] == last and ending[1] in _TRAILING_READS and last <= 3:
            return last
        # After the name of a product (`TrafficControlSearchLocations`) a searching word is the verb.
        searching = next((index for index, name, _ in candidates[1:] if name in _SEARCHING), None)
        return searching if first and searching is not None else first
    at = strong[0]
    if first_strong:
        ending = candidates[-1]
        grave = ending[2] and VERBS[ending[1]] not in _READING
        if VERBS[verb] == "read" and verb not in _FIRM_READS and ending[0] == last and grave:
            return last
        return first
    leads = all(word.text in _FILLERS or word.root not in _KNOWN for word in words[:first])
    if leads and VERBS[verb] == "read" and not (at == last and at - first == 1):
        return first
    if first == 0 and at - first >= 2 and at != last:
        return first
    return at


def _joined(words: Sequence[_Word], candidates: Sequence[tuple[int, str, bool]], main: str) -> tuple[Act, ...]:
    """Further verbs after `and`, `or`, `then`: `validate_and_delete`."""
    if not any(word.text in _JOINERS for word in words):
        return ()
    further = [
        Act(VERBS[verb], verb, True)
        for at, verb, _ in candidates
        if verb != main and at and any(word.text in _JOINERS for word in words[max(0, at - 2) : at])
    ]
    return tuple(further[:3])
