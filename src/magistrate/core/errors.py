"""What can go wrong, and who is told.

    MagistrateError            everything raised on purpose; the CLI prints it without a traceback
    ├── InputError             a file or record from outside is bad: names the file, the line, the mend
    │   └── RulebookError      the rulebook's text is bad
    ├── LedgerError            the ledger cannot be read or written: no ledger, no allow
    │   └── TamperError        the ledger's chain does not hold
    └── ConfigError            our own settings are bad

A reviewer that fails is not an exception that travels: the gate turns it into an `unavailable` opinion.
"""

from __future__ import annotations


class MagistrateError(Exception):
    """Base of every error raised on purpose."""


class InputError(MagistrateError):
    """Bad input from outside. `where` is a file or stream, `line` counts from 1 (0: unknown)."""

    def __init__(self, what: str, *, where: str = "", line: int = 0, mend: str = "") -> None:
        self.what, self.where, self.line, self.mend = what, where, line, mend
        place = f"{where}:{line}: " if where and line else f"{where}: " if where else ""
        super().__init__(place + what + (f" ({mend})" if mend else ""))


class RulebookError(InputError):
    """The text of a rulebook does not parse or does not hold together."""


class LedgerError(MagistrateError):
    """The ledger cannot be opened, read or written."""


class TamperError(LedgerError):
    """A ledger row was changed, dropped, inserted or moved."""


class ConfigError(MagistrateError):
    """Settings that cannot be used."""
