"""Splitting the words of a command line into options and operands, as far as a tool's option names are known."""

from __future__ import annotations

from collections.abc import Iterable

from magistrate.core.records import Record
from magistrate.evidence.effects.command import Word


class Line(Record, frozen=True, kw_only=True):
    """Words sorted into operands (with their place among the words) and options (with their value, if any)."""

    operands: tuple[Word, ...] = ()
    at: tuple[int, ...] = ()
    options: tuple[tuple[str, Word | None], ...] = ()
    rest: tuple[Word, ...] = ()
    """What follows `--`, or the operand at which splitting was told to stop; untouched."""

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    def value(self, *names: str) -> Word | None:
        """The last value of any of the options, as tools take it."""
        return next((value for name, value in reversed(self.options) if name in names and value is not None), None)

    def values(self, *names: str) -> list[Word]:
        return [value for name, value in self.options if name in names and value is not None]


def split(
    words: Iterable[Word],
    valued: frozenset[str] = frozenset(),
    *,
    stop: int = 0,
    greedy: bool = False,
    switches: frozenset[str] = frozenset(),
    long_dash: bool = False,
) -> Line:
    """Sort words.

    `valued` options take the next word; one written `-p=` there takes only what is attached to it (`-psecret`). With `greedy`, every option not in `switches` takes all words up to the next option
    (AWS), or, where `switches` holds a name, none. `stop` ends the splitting after so many operands: the rest is `rest`.
    `long_dash`: one dash starts a long option (`-auto-approve`), as in Go tools; it is noted with two.
    """
    given = tuple(words)
    operands: list[Word] = []
    places: list[int] = []
    options: list[tuple[str, Word | None]] = []
    at = 0
    while at < len(given):
        word, text = given[at], given[at].text
        at += 1
        if text == "--":
            break
        # An unresolved word is no sure request for help, which would make the whole line harmless.
        if not text.startswith("-") or text == "-" or (word.dynamic and text in ("--help", "--version", "-h", "-V")):
            operands.append(word)
            places.append(at - 1)
            if stop and len(operands) == stop:
                break
            continue
        name, equals, value = text.partition("=")
        if long_dash and not name.startswith("--") and len(name) > 2:
            name = "-" + name
        if equals:
            options.append((name, Word(text=value, dynamic=word.dynamic)))
            if not name.startswith("--"):
                options.extend(_bundle(name, valued, word.dynamic))
            continue
        taken = _takes(name, valued, greedy, switches)
        if not taken and not name.startswith("--") and len(name) > 2:
            options.append((name, None))
            pieces = _bundle(name, valued, word.dynamic)
            options.extend(pieces[:-1])
            last, attached = pieces[-1] if pieces else (name, None)
            if attached is None and last in valued and at < len(given):
                attached = given[at]
                at += 1
            options.append((last, attached))
            continue
        if not taken or at >= len(given) or (greedy and given[at].text.startswith("-") and len(given[at].text) > 1):
            options.append((name, None))
            continue
        options.append((name, given[at]))
        at += 1
        # Before the subcommand an option takes one word at most, else it would take the subcommand along.
        while greedy and operands and name not in valued and at < len(given) and not given[at].text.startswith("-"):
            options.append((name, given[at]))
            at += 1
    return Line(operands=tuple(operands), at=tuple(places), options=tuple(options), rest=given[at:])


def _takes(name: str, valued: frozenset[str], greedy: bool, switches: frozenset[str]) -> bool:
    return name in valued or (greedy and name not in switches and not name.startswith("--no-"))


def _bundle(name: str, valued: frozenset[str], dynamic: bool) -> list[tuple[str, Word | None]]:
    """`-rf` as `-r -f`, `-nprod` as `-n prod` where `-n` takes a value."""
    found: list[tuple[str, Word | None]] = []
    for at in range(1, min(len(name), 12)):
        option = "-" + name[at]
        if at + 1 < len(name) and (option in valued or option + "=" in valued):
            return [*found, (option, Word(text=name[at + 1 :].lstrip("="), dynamic=dynamic))]
        found.append((option, None))
    return found
