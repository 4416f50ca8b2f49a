"""Two people change the law; nobody does so alone, and nothing that was forged or altered makes law."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ed25519
from msgspec.structs import replace

from magistrate.core.errors import ConfigError, InputError
from magistrate.core.records import Adoption, Approval, Proposal
from magistrate.law.adoption import RUN, History, adopt, adoption_mark, approve, in_force, propose, rulebook_in_force
from magistrate.law.governance import Governance, governance
from magistrate.ledger import Ledger
from magistrate.rulebook.signing import public_key, sign
from magistrate.rulebook.statements import approved, proposed
from magistrate.rulebook.text import default, parse, shipped_text

TEXT = shipped_text().replace("## Push when asked {#vcs.publish", "## Push only when asked {#vcs.publish")


class People:
    """Keys of some people and what they do with them."""

    def __init__(self, folder: Path, *names: str, ledger: str = "law.db") -> None:
        self.keys = {name: folder / name for name in names}
        for path in self.keys.values():
            private = ed25519.Ed25519PrivateKey.generate()
            path.write_bytes(private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()))
        lines = [f"{name} {public_key(path)}\n" for name, path in self.keys.items()]
        (folder / "allowed_signers").write_text("".join(lines), encoding="utf-8")
        self.governance = governance(folder)
        self.ledger = Ledger(folder / ledger)

    def write(self, body: Any) -> Any:
        self.ledger.append(RUN, [body])
        self.ledger.commit()
        return body

    def proposal(self, author: str = "ana", text: str = TEXT) -> Proposal:
        law = in_force(self.ledger, self.governance)
        made = propose(law, text, author=author, why="people read it as a duty to push", reporter="kim")
        return replace(made, signature=sign(proposed(made), self.keys[author]))

    def approval(self, proposal: Proposal, by: str, key: str = "") -> Approval:
        return Approval(proposal=proposal.id, by=by, signature=sign(approved(proposal, by), self.keys[key or by]))

    def adoption(self, proposal: Proposal) -> Adoption:
        return adopt(in_force(self.ledger, self.governance), History(self.ledger), proposal, self.governance)


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path, "ana", "bo", "cy")


def test_two_people_change_the_law(people: People) -> None:
    marks = [adoption_mark(people.ledger)]
    proposal = people.write(people.proposal())
    with pytest.raises(InputError, match="0 of 1 approvals"):
        people.adoption(proposal)
    people.write(people.approval(proposal, "bo"))
    marks.append(adoption_mark(people.ledger))
    people.write(people.adoption(proposal))
    law = in_force(people.ledger, people.governance)
    assert law.adopted
    assert law.rulebook.revision == parse(TEXT).revision != default().revision
    assert law.refused == ()
    assert marks[0] < marks[1] < adoption_mark(people.ledger)
    with pytest.raises(InputError, match="law already"):
        people.proposal()


def test_an_adoption_without_approvals_makes_no_law(people: People) -> None:
    proposal = people.write(people.proposal())
    people.write(Adoption(proposal=proposal.id, old=proposal.old, new=proposal.new, by="ana"))
    people.write(people.approval(proposal, "bo"))  # too late
    law = in_force(people.ledger, people.governance)
    assert law.rulebook.revision == default().revision
    assert "0 of 1 approvals" in law.refused[0]


@pytest.mark.parametrize(
    ("by", "key", "why"),
    [
        ("ana", "ana", "the author approves nothing"),
        ("bo", "ana", "may not sign as bo"),
        ("dan", "bo", "may not sign as dan"),
    ],
)
def test_who_may_not_approve(people: People, by: str, key: str, why: str) -> None:
    proposal = people.write(people.proposal())
    approval = people.approval(proposal, by, key)
    with pytest.raises(InputError, match=why):
        approve(History(people.ledger), proposal, approval, people.governance)
    people.write(approval)
    with pytest.raises(InputError, match="0 of 1"):
        people.adoption(proposal)


def test_one_key_under_two_names_is_one_person(people: People) -> None:
    shared = tuple(
        replace(s, principals=("bo", "cy")) if s.principals == ("bo",) else s for s in people.governance.signers
    )
    people.governance = Governance(signers=shared, approvals=2)
    proposal = people.write(people.proposal())
    people.write(people.approval(proposal, "bo"))
    second = people.approval(proposal, "cy", "bo")
    with pytest.raises(InputError, match="same key under another name"):
        approve(History(people.ledger), proposal, second, people.governance)
    people.write(second)
    with pytest.raises(InputError, match="1 of 2"):
        people.adoption(proposal)


@pytest.mark.parametrize("field", ["text", "why", "author", "reporter", "new"])
def test_an_altered_proposal_loses_its_approvals(people: People, field: str) -> None:
    proposal = people.proposal()
    approval = people.approval(proposal, "bo")
    altered = people.write(replace(proposal, **{field: TEXT + "\n" if field == "text" else "cy"}))
    people.write(approval)
    people.write(Adoption(proposal=altered.id, old=altered.old, new=altered.new))
    law = in_force(people.ledger, people.governance)
    assert law.rulebook.revision == default().revision
    assert "not signed by its author" in law.refused[0]


def test_an_approval_of_one_change_serves_no_other(people: People) -> None:
    first = people.write(people.proposal())
    second = people.write(people.proposal(text=TEXT.replace("when asked", "if asked")))
    stolen = replace(people.approval(first, "bo"), proposal=second.id)
    with pytest.raises(InputError, match="forged, altered"):
        approve(History(people.ledger), second, stolen, people.governance)


def test_a_later_proposal_cannot_take_anothers_id(people: People) -> None:
    first = people.write(people.proposal())
    people.write(people.approval(first, "bo"))
    people.write(replace(people.proposal(text=TEXT + "\n<!-- x -->\n"), id=first.id))
    assert History(people.ledger).find(first.id[:6]).text == first.text


def test_a_stale_proposal_is_not_adopted(people: People) -> None:
    first, second = people.write(people.proposal()), people.write(people.proposal("bo", TEXT.replace("Push", "Send")))
    for proposal, by in ((first, "bo"), (second, "cy")):
        people.write(people.approval(proposal, by))
    people.write(people.adoption(first))
    with pytest.raises(InputError, match="propose it anew"):
        people.adoption(second)
    people.write(Adoption(proposal=second.id, old=second.old, new=second.new))
    law = in_force(people.ledger, people.governance)
    assert law.rulebook.revision == first.new
    assert "no longer in force" in law.refused[0]


def test_the_old_law_stays_until_the_new_one_is_adopted(people: People) -> None:
    wanted = parse(TEXT, source="new.md")
    law = rulebook_in_force(people.ledger, people.governance, wanted)
    assert law.rulebook.revision == default().revision
    assert "was not adopted" in law.refused[0]
    proposal = people.write(people.proposal())
    people.write(people.approval(proposal, "bo"))
    people.write(people.adoption(proposal))
    assert rulebook_in_force(people.ledger, people.governance, wanted).refused == ()


def test_where_nobody_is_named_a_file_is_taken_and_an_adoption_is_not(people: People, tmp_path: Path) -> None:
    wanted = parse(TEXT)
    nobody = governance(tmp_path / "elsewhere")
    assert rulebook_in_force(Ledger(":memory:"), nobody, wanted).rulebook is wanted
    proposal = people.write(people.proposal())
    people.write(people.approval(proposal, "bo"))
    people.write(people.adoption(proposal))
    with pytest.raises(ConfigError, match="is missing"):
        rulebook_in_force(people.ledger, nobody, wanted)


def test_settings(tmp_path: Path) -> None:
    assert governance(tmp_path).approvals == 1
    (tmp_path / "governance.toml").write_text("approvals = 2\n", encoding="utf-8")
    assert governance(tmp_path).approvals == 2
    for bad in ("approvals = -1", "approvals = true", "approval = 1", "approvals ="):
        (tmp_path / "governance.toml").write_text(bad, encoding="utf-8")
        with pytest.raises(ConfigError):
            governance(tmp_path)


def test_no_change_is_adopted_twice(people: People) -> None:
    """After a change and its reversal the first one's approvals could else bring it back."""
    first = people.write(people.proposal())
    people.write(people.approval(first, "bo"))
    adopted = people.write(people.adoption(first))
    back = people.write(people.proposal(text=shipped_text()))
    people.write(people.approval(back, "bo"))
    people.write(people.adoption(back))
    people.write(adopted)
    law = in_force(people.ledger, people.governance)
    assert law.rulebook.revision == default().revision
    assert "adopted before" in law.refused[0]
    with pytest.raises(InputError, match="adopted before"):
        people.adoption(first)
