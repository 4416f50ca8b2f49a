"""What commands about the law share: which ledger holds its history, which rulebook is in force, reviewers by name."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from magistrate.core.config import organisation_rulebook, state_dir
from magistrate.core.errors import InputError

if TYPE_CHECKING:
    from magistrate.core.protocols import Reviewer
    from magistrate.core.records import Rulebook
    from magistrate.law.adoption import InForce
    from magistrate.rulebook.layers import LayerName

law_ledger_option: Callable[..., Any] = click.option(
    "--ledger",
    "ledger_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The ledger that holds the history of the law; that of the live server is the default.",
)
signers_option: Callable[..., Any] = click.option(
    "--governance",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with allowed_signers and governance.toml; the state folder is the default.",
)
reviewers_option: Callable[..., Any] = click.option(
    "--reviewers", "names", default="rules", show_default=True, help="Who judges, by name: rules, screen, ..."
)
as_option: Callable[..., Any] = click.option(
    "--as",
    "layer",
    type=click.Choice(["organisation", "repository", "task"]),
    help="Take the file as this layer, on the law in force above it.",
)


def law_ledger(path: Path | None) -> Path:
    """The ledger that holds the history of the law."""
    return path or state_dir() / "live.db"


def law_in_force(ledger_path: Path | None, folder: Path | None) -> InForce:
    """The law by the ledger, the shipped one where there is no ledger yet. Raises ConfigError, LedgerError."""
    from magistrate.law.adoption import InForce, in_force
    from magistrate.law.governance import governance
    from magistrate.ledger import Ledger
    from magistrate.rulebook.text import default

    path = law_ledger(ledger_path)
    if not path.exists():
        return InForce(rulebook=default())
    with contextlib.closing(Ledger(path, readonly=True)) as ledger:
        return in_force(ledger, governance(folder))


def as_layer(path: Path, layer: LayerName | None, base: Rulebook) -> Rulebook:
    """The law when a file is read by itself, or as a layer on the law in force. Raises `BadRulebook`."""
    from magistrate.rulebook.layers import base_layer, effective, read_layer
    from magistrate.rulebook.text import load

    if layer is None:
        return load(path)
    above = [base_layer(base)]
    if layer != "organisation" and (own := organisation_rulebook()):
        above.append(read_layer("organisation", own))
    return effective([*above, read_layer(layer, path)])


def wanted(names: str) -> tuple[str, ...]:
    """Reviewers besides the rules, which are always asked."""
    listed = tuple(name.strip() for name in names.split(",") if name.strip())
    if "rules" not in listed:
        raise InputError("the rules are always asked", mend=f"--reviewers rules,{','.join(listed)}")
    return tuple(name for name in listed if name != "rules")


def load_reviewers(names: tuple[str, ...], rulebook: Rulebook) -> Sequence[Reviewer]:
    """Reviewers by name. Raises ConfigError."""
    from magistrate.bench.reviewers import reviewer

    return [reviewer(name, rulebook) for name in names]


def serving(folder: Path, rules_path: Path | None) -> Rulebook:
    """What a server in a state folder decides by: the law in force by its ledger, with the organisation's rulebook on it.

    A rulebook named on the command line is taken while nobody is named who may change the law; else it has to be adopted, and what
    is in force stays. What is refused is logged. Raises ConfigError, `BadRulebook`, LedgerError.
    """
    from magistrate.law.adoption import rulebook_in_force
    from magistrate.law.governance import governance
    from magistrate.law.laws import law_above
    from magistrate.ledger import Ledger
    from magistrate.rulebook.text import load

    path = folder / "live.db"
    with contextlib.closing(Ledger(path, readonly=True) if path.exists() else Ledger(":memory:")) as ledger:
        law = rulebook_in_force(ledger, governance(folder), load(rules_path) if rules_path else None)
    for refused in law.refused:
        logging.getLogger(__name__).warning("refused: %s", refused)
    return law_above(law.rulebook, organisation_rulebook())
