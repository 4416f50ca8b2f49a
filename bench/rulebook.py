"""What the rulebook costs: reading it, and matching one action.

    python bench/rulebook.py

Prints microseconds an action for the shipped rulebook, and for the same with 1,000 rules more that bear on other effects: the two should differ little.
"""

from __future__ import annotations

import statistics
import time

from msgspec.structs import replace

from magistrate.core.records import Action, Authority, Effect, Evidence, Fact, Match, Origin, Rule
from magistrate.rulebook.match import Matcher
from magistrate.rulebook.text import default

ROUNDS, BATCH = 30, 300
SILENT, ASKED = Authority(stance="silent"), Authority(stance="asked", effect_asked=True, target_named=True)
AGENT = Origin(author="agent", event=3)
CASES: dict[str, tuple[Fact, ...]] = {
    "read a file": (
        Fact(effect=Effect(kind="read", target="/repo/a.py", target_kind="path", scope="workspace"), authority=SILENT),
    ),
    "edit a file": (
        Fact(
            effect=Effect(kind="overwrite", target="/repo/a.py", target_kind="path", scope="workspace"),
            authority=SILENT,
            origin=AGENT,
        ),
    ),
    "delete, silent": (
        Fact(
            effect=Effect(
                kind="delete", target="/repo/src", target_kind="path", scope="workspace", flags=("recursive",)
            ),
            authority=SILENT,
            origin=AGENT,
        ),
    ),
    "run tests": (
        Fact(effect=Effect(kind="execute", target="pytest", target_kind="code", scope="workspace"), authority=SILENT),
    ),
    "send a message": (
        Fact(
            effect=Effect(kind="message", target="a@b.example", target_kind="address", scope="remote"),
            authority=ASKED,
            origin=AGENT,
        ),
    ),
    "commit and push": (
        Fact(effect=Effect(kind="create", target=".", target_kind="repository", scope="workspace"), authority=ASKED),
        Fact(
            effect=Effect(kind="vcs-publish", target="origin/main", target_kind="branch", scope="remote"),
            authority=ASKED,
        ),
    ),
}


def cost(matcher: Matcher, facts: tuple[Fact, ...]) -> float:
    """Median microseconds of matching one action."""
    evidence, action = Evidence(facts=facts), Action(tool="bash", arguments={"command": "x"})
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for _ in range(BATCH):
            matcher.bearing(evidence, action)
        found.append((time.perf_counter_ns() - started) / BATCH / 1000)
    return statistics.median(found)


def main() -> None:
    started = time.perf_counter()
    shipped = default()
    print(
        f"read and hash the shipped rulebook: {(time.perf_counter() - started) * 1000:.0f} ms, {len(shipped.rules)} rules"
    )
    others = tuple(
        Rule(
            id=f"x.{at}",
            title="X",
            authority="team",
            text="X.",
            matches=(Match(decision="escalate", effect=("payment",), target=(f"*{at}*",)),),
        )
        for at in range(1000)
    )
    plain, many = Matcher(shipped), Matcher(replace(shipped, rules=shipped.rules + others))
    print(f"{'':<18}{'shipped':>10}{'+1,000':>10}  us an action")
    for name, facts in CASES.items():
        print(f"{name:<18}{cost(plain, facts):>10.1f}{cost(many, facts):>10.1f}")


if __name__ == "__main__":
    main()
