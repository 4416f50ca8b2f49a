"""How matches combine: strictest wins, conflicts escalate, what no rule covers is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from magistrate.core.records import AUTHORITY_ORDER, AuthorityLevel, Decision, Match, Rule
from magistrate.gate import STRICTNESS, Bearing, combine

DECISIONS: list[Decision] = ["allow", "escalate", "deny"]


def bears(decision: Decision, authority: AuthorityLevel = "organisation", fact: int = 0, name: str = "") -> Bearing:
    rule = Rule(id=name or f"{authority}.{decision}", title="t", authority=authority, text="x")
    return rule, Match(decision=decision), fact


def test_one_rule_decides() -> None:
    for decision in DECISIONS:
        found = combine([bears(decision)], 1, "escalate")
        assert (found.decision, found.basis) == (decision, "rule")


def test_a_lower_rule_may_tighten_and_never_loosen() -> None:
    assert combine([bears("allow", "organisation"), bears("deny", "guideline")], 1, "escalate").decision == "deny"
    assert combine([bears("deny", "organisation"), bears("allow", "guideline")], 1, "escalate").decision == "deny"


def test_two_of_one_level_in_conflict_escalate() -> None:
    found = combine([bears("allow", "team"), bears("deny", "team")], 1, "escalate")
    assert (found.decision, found.basis) == ("escalate", "conflict")
    assert {rule.id for rule, _, _ in found.deciding} == {"team.allow", "team.deny"}


def test_a_conflict_does_not_weaken_a_firm_restriction() -> None:
    found = combine([bears("allow", "team"), bears("deny", "team"), bears("deny", "organisation")], 1, "escalate")
    assert (found.decision, found.basis) == ("deny", "rule")
    assert [rule.id for rule, _, _ in found.deciding] == ["organisation.deny"]


def test_a_conflict_over_a_denial_keeps_a_firm_escalation() -> None:
    found = combine([bears("allow", "team"), bears("deny", "team"), bears("escalate", "organisation")], 1, "allow")
    assert STRICTNESS[found.decision] >= 1


def test_bright_lines_are_named_as_such() -> None:
    found = combine([bears("deny", "bright-line"), bears("allow", "organisation")], 1, "escalate")
    assert (found.decision, found.basis) == ("deny", "bright-line")


def test_a_fact_that_no_rule_covers_is_said() -> None:
    found = combine([bears("allow", fact=0)], 2, "escalate")
    assert (found.decision, found.basis, found.uncovered) == ("escalate", "no-rule", (1,))
    found = combine([bears("allow", fact=0)], 2, "allow")
    assert (found.decision, found.basis, found.uncovered) == ("allow", "no-rule", (1,))


def test_a_rule_is_a_better_ground_than_a_gap() -> None:
    found = combine([bears("escalate", fact=0)], 2, "escalate")
    assert (found.decision, found.basis) == ("escalate", "rule")
    assert [rule.id for rule, _, _ in found.deciding] == ["organisation.escalate"]


def test_no_effect_is_allowed_and_named() -> None:
    assert combine([], 0, "deny").basis == "no-effect"
    assert combine([], 0, "deny").decision == "allow"


@given(
    st.lists(st.tuples(st.sampled_from(DECISIONS), st.sampled_from(AUTHORITY_ORDER), st.integers(0, 2)), max_size=8),
    st.sampled_from(DECISIONS),
)
def test_adding_a_rule_never_loosens_except_by_covering_a_gap(
    entries: list[tuple[Decision, AuthorityLevel, int]], on_uncovered: Decision
) -> None:
    """Adding a restriction to facts that are covered already makes the verdict no weaker, save for an equal-level conflict."""
    covered = [bears("allow", "guideline", fact) for fact in range(3)]
    before = combine([*covered, *(bears(d, a, f) for d, a, f in entries)], 3, on_uncovered)
    for authority in ("bright-line", "organisation", "team", "task"):
        after = combine(
            [*covered, *(bears(d, a, f) for d, a, f in entries), bears("deny", authority, 0)], 3, on_uncovered
        )
        assert STRICTNESS[after.decision] >= min(STRICTNESS[before.decision], 1)
        assert after.decision != "allow"


@given(st.permutations([bears(d, a, f) for d in DECISIONS for a in ("organisation", "team") for f in (0, 1)]))
def test_order_does_not_matter(entries: list[Bearing]) -> None:
    found = combine(entries, 2, "escalate")
    assert (found.decision, found.basis) == ("escalate", "conflict")
