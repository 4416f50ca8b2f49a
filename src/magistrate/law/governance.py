"""Who may change the law of this installation, and how many have to agree: two files in the state folder.

    allowed_signers     people and their public keys, as ssh-keygen(1) has it
    governance.toml     `approvals = 1`: how many besides the author have to approve

Without `allowed_signers` nobody was named yet: any rulebook is taken as it is given, and `rules log` is empty. With the first adoption
in the ledger there is no way back: a ledger that holds one and a folder without signers do not fit together, and nothing starts.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from magistrate.core.config import state_dir
from magistrate.core.errors import ConfigError
from magistrate.core.records import Record
from magistrate.rulebook.signing import Signer, read_signers

SIGNERS = "allowed_signers"
SETTINGS = "governance.toml"


class Governance(Record, frozen=True, kw_only=True):
    """Who may propose and approve, and how many approvals besides the author's word a change needs."""

    signers: tuple[Signer, ...] = ()
    approvals: int = 1
    source: str = ""


def governance(folder: Path | None = None) -> Governance:
    """What the state folder says. Raises ConfigError when it cannot be understood."""
    place = folder or state_dir()
    path = place / SIGNERS
    return Governance(
        signers=read_signers(path) if path.exists() else (),
        approvals=_approvals(place / SETTINGS),
        source=str(path),
    )


def _approvals(path: Path) -> int:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 1
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if unknown := settings.keys() - {"approvals"}:
        raise ConfigError(f"{path}: unknown setting `{sorted(unknown)[0]}`; there is `approvals`")
    count = settings.get("approvals", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 20:
        raise ConfigError(f"{path}: `approvals` is a whole number from 0 to 20")
    return count
