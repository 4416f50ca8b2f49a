"""What exactly people sign when the rulebook changes: every word of the change, and nothing that could stand for another.

The statement of a proposal holds digests of both texts, both revisions, author, reporter and reason; that of an approval holds the
digest of the proposal's statement and the approver's name. Altering anything later makes the signatures not fit.
"""

from __future__ import annotations

from magistrate.core.canon import canonical, digest
from magistrate.core.records import Proposal


def proposed(proposal: Proposal) -> bytes:
    """What the author signs."""
    told = {
        "statement": "magistrate rulebook proposal",
        "id": proposal.id,
        "old": proposal.old,
        "new": proposal.new,
        "old_text": digest(proposal.old_text.encode()),
        "text": digest(proposal.text.encode()),
        "author": proposal.author,
        "why": proposal.why,
        "reporter": proposal.reporter,
        "at": proposal.at,
    }
    return canonical(told) + b"\n"


def approved(proposal: Proposal, by: str) -> bytes:
    """What somebody signs who agrees."""
    told = {
        "statement": "magistrate rulebook approval",
        "proposal": digest(proposed(proposal)),
        "old": proposal.old,
        "new": proposal.new,
        "by": by,
    }
    return canonical(told) + b"\n"
