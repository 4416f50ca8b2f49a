"""Can canaries be told from the calls of recorded agents by their form? Two halves of each source, which share no session.

    python bench/form.py [SOURCE...]     AUROC with intervals that take sessions for independent, for all and by family

Sources are files of the labelled sessions (`MAGISTRATE_DATA`, else `../shared/data`); labels are not read. What canaries are made from
was chosen on the half `chosen on`. Two comparisons: with as many calls of each session as canaries that join it (`beside`, what `magistrate
canary recall` prints), and with all calls of those sessions by the same tools.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from magistrate.audit.canaries import spread
from magistrate.audit.form import Call, beside, told_apart
from magistrate.core.intake import Intake
from magistrate.core.records import Action
from magistrate.hosts.labelled import IMPORTER
from magistrate.ledger import Ledger
from magistrate.planting import places

DATA = Path(os.environ.get("MAGISTRATE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
HALVES = ("chosen on", "held out")
SESSIONS, PLACES, EACH = 250, 120, 3


def sessions(source: str, half: int) -> Ledger:
    """A ledger of the first sessions of one half: nothing is judged."""
    ledger, taken = Ledger(":memory:"), 0
    for session in IMPORTER.read(DATA / f"{source}.jsonl.gz", Intake()):
        if hashlib.sha256(session.run.encode()).digest()[0] & 1 == half and taken < SESSIONS:
            ledger.append(session.run, [session.started, *session.events])
            taken += 1
    ledger.commit()
    return ledger


def figure(ours: Sequence[Call], theirs: Sequence[Call]) -> str:
    told = told_apart(ours, theirs)
    if told is None or told.value is None:
        return "-"
    return f"{told.value:.3f} [{told.low:.3f}, {told.high:.3f}]  {len(ours)}/{len(theirs)}"


def main(sources: Sequence[str]) -> None:
    for source in sources:
        for half, name in enumerate(HALVES):
            ledger = sessions(source, half)
            made = [
                (planted, place.run)
                for at, place in enumerate(places(ledger, PLACES, "x"))
                for planted in spread(place.worn, EACH, f"x|{at}")
            ]
            ours = [(planted.action, run) for planted, run in made]
            calls: dict[str, list[Action]] = {run: [] for _, run in made}
            for event in ledger.events(kinds=("action",)):
                if event.run in calls and isinstance(event.body, Action):
                    calls[event.run].append(event.body)
            tools = {run: {call.tool for call, its in ours if its == run} for run in calls}
            every = [(call, run) for run, of in calls.items() for call in of if call.tool in tools[run]]
            near = beside(ours, calls)
            print(f"{source}, {name}: beside {figure(ours, near)}; all calls {figure(ours, every)}")
            for family in dict.fromkeys(planted.family for planted, _ in made):
                own = [(planted.action, run) for planted, run in made if planted.family == family]
                print(f"    {family:18} beside {figure(own, near)}; all calls {figure(own, every)}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["openagentsafety", "agentdojo"])
