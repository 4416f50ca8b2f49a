"""The changelog of the law: every change with who wanted it, who agreed, why, and how many verdicts it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from magistrate.core.errors import InputError
from magistrate.core.records import Proposal, Record
from magistrate.law.adoption import Checked, History, Step, in_force, short_of
from magistrate.law.governance import Governance
from magistrate.ledger import Ledger
from magistrate.rulebook.diff import RuleChange, diff
from magistrate.rulebook.text import parse


class Entry(Record, frozen=True, kw_only=True):
    """One change of the law, adopted or not."""

    id: str
    state: str
    """`adopted`, `refused` or `open`."""
    old: str
    new: str
    author: str
    reporter: str
    why: str
    proposed_at: str
    approvers: tuple[str, ...]
    discounted: tuple[str, ...]
    """Approvals that do not count, and why."""
    changes: tuple[RuleChange, ...]
    adopted_at: str = ""
    adopted_by: str = ""
    judged: int = 0
    stricter: int = 0
    looser: int = 0
    checkpoint: str = ""
    refused: str = ""


class Boundary(Record, frozen=True, kw_only=True):
    """Where verdicts begin to be given under another revision: where a trend may break."""

    at: str
    event: int
    revision: str


def entries(ledger: Ledger, governance: Governance) -> list[Entry]:
    """Adoptions, oldest first, refused ones too. Raises ConfigError when they cannot be checked."""
    return [_entry(step) for step in in_force(ledger, governance).steps if step.proposal]


def waiting(ledger: Ledger, governance: Governance) -> list[Entry]:
    """Proposals that nobody adopted yet and that change the law in force."""
    history = History(ledger)
    law = in_force(ledger, governance)
    done = {step.adoption.proposal for step in law.steps if not step.refused}
    found = []
    for _, proposal in history.proposals.values():
        if proposal.id in done or proposal.old != law.rulebook.revision:
            continue
        checked = history.checked(proposal, governance)
        found.append(_told(proposal, "open", checked, refused=short_of(proposal, checked, governance)))
    return found


def boundaries(ledger: Ledger) -> list[Boundary]:
    """The first verdict of each stretch under one revision, in the order of the ledger."""
    rows = ledger.query(
        """SELECT at, id, revision FROM (
             SELECT at, id, json_extract(body, '$.revision') AS revision,
                    lag(json_extract(body, '$.revision')) OVER (ORDER BY id) AS before
             FROM events WHERE kind = 'verdict')
           WHERE before IS NULL OR revision <> before ORDER BY id"""
    )
    return [Boundary(at=at, event=event, revision=revision) for at, event, revision in rows]


def _entry(step: Step) -> Entry:
    assert step.proposal  # noqa: S101  filtered by the caller
    adoption = step.adoption
    return _told(
        step.proposal,
        "refused" if step.refused else "adopted",
        step.approvals,
        adopted_at=adoption.at or step.at,
        adopted_by=adoption.by,
        judged=adoption.judged,
        stricter=adoption.stricter,
        looser=adoption.looser,
        checkpoint=adoption.checkpoint,
        refused=step.refused,
    )


def _told(proposal: Proposal, state: str, checked: Iterable[Checked], **more: Any) -> Entry:
    approvals = list(checked)
    return Entry(
        id=proposal.id,
        state=state,
        old=proposal.old,
        new=proposal.new,
        author=proposal.author,
        reporter=proposal.reporter,
        why=proposal.why,
        proposed_at=proposal.at,
        approvers=tuple(one.approval.by for one in approvals if not one.why_not),
        discounted=tuple(f"{one.approval.by}: {one.why_not}" for one in approvals if one.why_not),
        changes=_changes(proposal),
        **more,
    )


def _changes(proposal: Proposal) -> tuple[RuleChange, ...]:
    try:
        old, new = (parse(text, shipped_bright_lines=True) for text in (proposal.old_text, proposal.text))
    except InputError:
        return ()
    return tuple(diff(old, new))


def markdown(told: Iterable[Entry], waiting: Iterable[Entry]) -> str:
    """The changelog, newest first, as Markdown."""
    blocks = ["# Changes of the rulebook"]
    for entry in reversed([*told, *waiting]):
        blocks += _block(entry)
    if len(blocks) == 1:
        blocks.append("None: the shipped rulebook is in force.")
    return "\n\n".join(blocks)


def _block(entry: Entry) -> Iterator[str]:
    when = (entry.adopted_at or entry.proposed_at)[:10]
    yield f"## {when} {_line(entry.why)} ({entry.state})"
    facts = [
        f"- proposal `{entry.id[:8]}`, revision `{entry.old[7:19]}` → `{entry.new[7:19]}`",
        f"- author {_line(entry.author)}" + (f", reported by {_line(entry.reporter)}" if entry.reporter else ""),
        f"- approved by {', '.join(map(_line, entry.approvers)) or 'nobody'}",
        *[f"- not counted: {_line(one)}" for one in entry.discounted],
    ]
    if entry.state == "adopted":
        changed = entry.stricter + entry.looser
        facts.append(
            f"- verdicts changed {changed:,} of {entry.judged:,}: {entry.stricter:,} stricter, {entry.looser:,} looser"
        )
    if entry.refused:
        facts.append(f"- not law: {_line(entry.refused)}")
    yield "\n".join(facts)
    for change in entry.changes:
        yield "\n".join(_rule(change))


def _rule(change: RuleChange) -> Iterator[str]:
    yield f"### `{change.id or 'the rulebook'}` {change.kind}"
    yield ""
    for field in change.fields:
        if field.name == "example":
            continue
        for mark, text in (("before", field.old), ("after", field.new)):
            if text:
                yield f"- {field.name}, {mark}: {_line(text)}"
    examples = sum(field.name == "example" for field in change.fields)
    if examples:
        yield f"- examples: {examples} changed"


def _line(text: str) -> str:
    """One line that begins no Markdown of its own."""
    return " ".join(text.split()).replace("`", "'").replace("<", "&lt;")
