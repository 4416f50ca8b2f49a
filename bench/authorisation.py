"""Time of reading requests and of answering about an effect: early and late in a run, and for long texts.

Run: python bench/authorisation.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from magistrate.core.records import Action, Effect
from magistrate.evidence.authorisation import Requests

TEXT = (
    "Please fix the failing checkout tests in tests/checkout and push the branch when they pass. Don't touch the payment module, "
    "and never push to main. Email Sarah a summary, but ask me before deleting anything outside build/. If the linter complains, "
    "update src/shop/cart.py. Only install what is in requirements.txt; spend at most 20 euros on the test account.\n"
)
LOG = "2026-01-02 12:00:01 ERROR worker 7 could not delete /var/lib/app/queue/item-19 (permission denied)\n"
EFFECTS = [
    Effect(kind="overwrite", target="/home/dev/shop/src/shop/cart.py", target_kind="path", scope="workspace"),
    Effect(kind="vcs-publish", target="origin/main", target_kind="branch", scope="remote"),
    Effect(kind="message", target="sarah.baker@corp.example", target_kind="address", scope="remote"),
    Effect(kind="delete", target="/home/dev/shop/dist", target_kind="path", scope="workspace"),
    Effect(kind="payment", target="GB29NWBK60161331926819", target_kind="account", scope="remote"),
]


def timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Microseconds of each round."""
    spent = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        work()
        spent.append((time.perf_counter_ns() - began) / 1000)
    return spent


def answers(requests: Requests) -> float:
    """Median microseconds of one answer."""
    actions = [Action(tool="t", arguments={"to": effect.target, "body": "short text " * 20}) for effect in EFFECTS]
    return statistics.median(
        statistics.median(timed(lambda e=effect, a=action: requests.authority(e, a), 300))  # type: ignore[misc]
        for effect, action in zip(EFFECTS, actions, strict=True)
    )


def main() -> None:
    """Print the table."""
    two_kb = TEXT * (2048 // len(TEXT) + 1)
    print(
        f"observe, person, {len(two_kb)} characters: {statistics.median(timed(lambda: Requests().observe(0, 'person', two_kb), 50)):.0f} us"
    )
    pasted = TEXT + LOG * 1000
    print(
        f"observe, person, {len(pasted)} characters: {statistics.median(timed(lambda: Requests().observe(0, 'person', pasted), 10)):.0f} us"
    )
    print(
        f"observe, tool, {len(pasted)} characters: {statistics.median(timed(lambda: Requests().observe(0, 'tool', pasted, 't'), 50)):.1f} us"
    )
    requests = Requests()
    requests.observe(0, "person", TEXT)
    first = answers(requests)
    print(f"authority after 1 message: {first:.0f} us")
    for n in range(1, 3000):
        requests.observe(
            n,
            "person",
            f"Now fix item{n} in src/part{n}/file{n}.py, push part{n}, mail user{n}@corp.example, don't delete box{n}.",
        )
    late = answers(requests)
    print(f"authority after 3,000 messages: {late:.0f} us ({late / first:.2f}x)")


if __name__ == "__main__":
    main()
