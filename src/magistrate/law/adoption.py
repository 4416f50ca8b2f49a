"""How the law changes: somebody proposes, others approve, it is adopted. The ledger's run `rulebook` holds every step.

Author and approvers are people with keys; each signs the whole change (`magistrate.rulebook.statements`). An approval counts when its
signature is good, its name is not the author's, its key is not the author's, and neither name nor key was counted before. An adoption
counts when the proposal is signed by its author, changes the law then in force, and had enough approvals when it was adopted: an
`Adoption` event by itself makes no law, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from magistrate.core.canon import new_id, now
from magistrate.core.errors import ConfigError, InputError
from magistrate.core.records import Adoption, Approval, Event, Proposal, Record, Rulebook
from magistrate.law.governance import Governance
from magistrate.ledger import Ledger
from magistrate.rulebook.signing import verify
from magistrate.rulebook.statements import approved, proposed
from magistrate.rulebook.text import default, parse, shipped_text

RUN = "rulebook"
"""The ledger's run that holds the history of the law."""


class Checked(Record, frozen=True, kw_only=True):
    """An approval and whether it counts."""

    approval: Approval
    event: int
    why_not: str = ""


class Step(Record, frozen=True, kw_only=True):
    """One adoption as the ledger has it, with everything that led to it."""

    adoption: Adoption
    proposal: Proposal | None
    approvals: tuple[Checked, ...]
    at: str
    refused: str = ""
    """Why it makes no law; empty when it does."""


class InForce(Record, frozen=True, kw_only=True):
    """The law in force and what was refused on the way to it."""

    rulebook: Rulebook
    text: str = ""
    """Of the adopted rulebook; empty while none was adopted."""
    steps: tuple[Step, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def adopted(self) -> bool:
        """Whether the law came about by an adoption."""
        return bool(self.text)


class History:
    """Everything in the ledger about changes of the law."""

    def __init__(self, ledger: Ledger) -> None:
        self.proposals: dict[str, tuple[Event, Proposal]] = {}
        self.approvals: dict[str, list[tuple[Event, Approval]]] = {}
        self.adoptions: list[tuple[Event, Adoption]] = []
        for event in ledger.events(RUN):
            match event.body:
                case Proposal() as proposal:
                    # The first of an id stands: a later one cannot take its place.
                    self.proposals.setdefault(proposal.id, (event, proposal))
                case Approval() as approval:
                    self.approvals.setdefault(approval.proposal, []).append((event, approval))
                case Adoption() as adoption:
                    self.adoptions.append((event, adoption))

    def find(self, name: str) -> Proposal:
        """The proposal of that id or beginning of one. Raises InputError."""
        found = [proposal for id_, (_, proposal) in self.proposals.items() if id_.startswith(name)]
        if len(found) != 1 or not name:
            raise InputError(f"{len(found)} proposals begin with {name!r}", mend="`magistrate rules log` lists them")
        return found[0]

    def checked(self, proposal: Proposal, governance: Governance, before: int | None = None) -> tuple[Checked, ...]:
        """Each approval of a proposal, written before an event id, and whether it counts."""
        listed = [(event.id, approval) for event, approval in self.approvals.get(proposal.id, [])]
        return check(proposal, [one for one in listed if before is None or one[0] < before], governance)


def check(proposal: Proposal, approvals: Sequence[tuple[int, Approval]], governance: Governance) -> tuple[Checked, ...]:
    """Approvals with their event ids, in their order: which of them count."""
    try:
        keys = {verify(proposed(proposal), proposal.signature, proposal.author, governance.signers)}
    except InputError as error:
        why = f"the proposal itself is not signed by its author: {error.what}"
        return tuple(Checked(approval=approval, event=event, why_not=why) for event, approval in approvals)
    names = {proposal.author}
    return tuple(
        Checked(approval=approval, event=event, why_not=_why_not(proposal, approval, governance, names, keys))
        for event, approval in approvals
    )


def _why_not(proposal: Proposal, approval: Approval, governance: Governance, names: set[str], keys: set[str]) -> str:
    """Why an approval does not count; when it does, its name and key are noted."""
    if approval.by in names:
        return "the author approves nothing" if approval.by == proposal.author else "has approved already"
    try:
        key = verify(approved(proposal, approval.by), approval.signature, approval.by, governance.signers)
    except InputError as error:
        return error.what
    if key in keys:
        return "the same key under another name"
    names.add(approval.by)
    keys.add(key)
    return ""


# ---------------------------------------------------------------- what is in force


def in_force(ledger: Ledger, governance: Governance) -> InForce:
    """The law by the ledger: the shipped rulebook, or what was adopted last by the rules of adoption.

    Raises ConfigError when the ledger holds an adoption and nobody is named who could have approved it.
    """
    history = History(ledger)
    if not history.adoptions:
        return InForce(rulebook=default())
    if not governance.signers:
        raise ConfigError(
            f"the ledger holds an adopted rulebook, but {governance.source or 'allowed_signers'} is missing"
        )
    law = InForce(rulebook=default())
    steps: list[Step] = []
    current, done = "", set[str]()
    for event, adoption in history.adoptions:
        step = _step(history, event, adoption, governance, current)
        if adoption.proposal in done:
            step = replace(step, refused="it was adopted before: a change back needs a proposal of its own")
        steps.append(step)
        if not step.refused and step.proposal:
            current = adoption.new
            done.add(adoption.proposal)
            law = InForce(rulebook=_adopted(step.proposal), text=step.proposal.text)
    refused = tuple(f"adoption of {step.adoption.proposal[:8]}: {step.refused}" for step in steps if step.refused)
    return replace(law, steps=tuple(steps), refused=refused)


def _step(history: History, event: Event, adoption: Adoption, governance: Governance, current: str) -> Step:
    found = history.proposals.get(adoption.proposal)
    if found is None or found[0].id >= event.id:
        return Step(
            adoption=adoption, proposal=None, approvals=(), at=event.at, refused="nothing of that id was proposed"
        )
    proposal = found[1]
    approvals = history.checked(proposal, governance, before=event.id)
    refused = short_of(proposal, approvals, governance)
    if (adoption.old, adoption.new) != (proposal.old, proposal.new):
        refused = "it names other revisions than the proposal"
    elif current and proposal.old != current:
        refused = "it changes a law that was no longer in force"
    return Step(adoption=adoption, proposal=proposal, approvals=approvals, at=event.at, refused=refused)


def short_of(proposal: Proposal, approvals: tuple[Checked, ...], governance: Governance) -> str:
    """Why a proposal may not be adopted yet; empty when it may."""
    try:
        verify(proposed(proposal), proposal.signature, proposal.author, governance.signers)
    except InputError as error:
        return f"the proposal is not signed by its author {proposal.author}: {error.what}"
    count = sum(not one.why_not for one in approvals)
    if count >= governance.approvals:
        return ""
    doubts = "".join(f"; {one.approval.by}: {one.why_not}" for one in approvals if one.why_not)
    return f"{count} of {governance.approvals} approvals besides the author{doubts}"


def _adopted(proposal: Proposal) -> Rulebook:
    """The adopted text under the bright lines that this version of the package ships."""
    return parse(proposal.text, source=f"adopted:{proposal.id[:8]}", shipped_bright_lines=True)


def rulebook_in_force(ledger: Ledger, governance: Governance, wanted: Rulebook | None = None) -> InForce:
    """What a gate decides by. `wanted`: the rulebook of a file that somebody started it with.

    While nobody is named who may change the law, the wanted one is taken. Else it is refused unless it is the law in force: the old
    stays, and `refused` says so. Raises ConfigError when the law in force cannot be told.
    """
    law = in_force(ledger, governance)
    if wanted is None or wanted.revision == law.rulebook.revision:
        return law
    if not governance.signers:
        return replace(law, rulebook=wanted)
    why = (
        f"{wanted.source or 'the rulebook'}: revision {wanted.revision[:19]} was not adopted; "
        f"{law.rulebook.revision[:19]} stays in force (`magistrate rules propose`)"
    )
    return replace(law, refused=(*law.refused, why))


def former(ledger: Ledger) -> list[Rulebook]:
    """Every text that was the law, oldest first, the present one last; nothing before a first adoption.

    For reading only: no signature is checked.
    """
    history = History(ledger)
    texts: dict[str, str] = {}
    for _, adoption in history.adoptions:
        if found := history.proposals.get(adoption.proposal):
            texts.setdefault(adoption.old, found[1].old_text)
            texts[adoption.new] = found[1].text
    return [parse(text, shipped_bright_lines=True) for text in texts.values()]


def adoption_mark(ledger: Ledger) -> int:
    """A number that grows with every step of the law's history in the ledger: a cheap question whether to look again."""
    rows = ledger.query("SELECT coalesce(max(n), -1) FROM events WHERE run = ?", (RUN,))
    return int(rows[0][0])


# ---------------------------------------------------------------- the steps


def propose(law: InForce, text: str, *, author: str, why: str, reporter: str = "", source: str = "") -> Proposal:
    """A proposal to change the law in force into a text; still to be signed. Raises `BadRulebook`, or InputError for no change."""
    wanted = parse(text, source=source)
    if wanted.revision == law.rulebook.revision:
        raise InputError("this text is the law already: nothing in it changes the revision", where=source)
    return Proposal(
        id=new_id(),
        old=law.rulebook.revision,
        new=wanted.revision,
        old_text=law.text or shipped_text(),
        text=text,
        author=author,
        why=why,
        reporter=reporter,
        at=now(),
    )


def approve(history: History, proposal: Proposal, approval: Approval, governance: Governance) -> None:
    """Check an approval before it is recorded. Raises InputError when it would not count."""
    standing = [(one.event, one.approval) for one in history.checked(proposal, governance) if not one.why_not]
    if why := check(proposal, [*standing, (0, approval)], governance)[-1].why_not:
        raise InputError(f"the approval does not count: {why}")


def adopt(law: InForce, history: History, proposal: Proposal, governance: Governance) -> Adoption:
    """The adoption of a proposal, without what a replay found. Raises InputError when it may not be adopted."""
    if proposal.old != law.rulebook.revision:
        raise InputError(
            f"the proposal changes {proposal.old[:19]}, but {law.rulebook.revision[:19]} is in force",
            mend="propose it anew",
        )
    if why := short_of(proposal, history.checked(proposal, governance), governance):
        raise InputError(f"not adopted: {why}")
    if any(step.adoption.proposal == proposal.id for step in law.steps if not step.refused):
        raise InputError("it was adopted before", mend="propose it anew")
    if parse(proposal.text).revision != proposal.new:
        raise InputError("the proposed text has another revision than the proposal says", mend="propose it anew")
    return Adoption(proposal=proposal.id, old=proposal.old, new=proposal.new, at=now())
