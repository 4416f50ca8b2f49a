"""The fault matrix, a row a test: every live host's call, with real processes for the hook and the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from magistrate.core.records import Reply
from magistrate.hosts.live import ADAPTERS
from magistrate.testing.faults import FAULTS, try_fault
from magistrate.testing.shapes import SHAPES

LARGE = ("stdin 10 MB", "stdin over the limit")
RUNS = {
    "none", "ledger killed in commit", "ledger killed after commit", "server started on demand", "two servers", "stale socket",
    "clock set back",
}  # fmt: skip
"""Faults under which a call is let run all the same, with its verdict recorded."""
EITHER = {"ledger full", "server killed"}
"""What fits into the last page is recorded, and runs; who comes after the kill is answered by the next server."""


@pytest.mark.parametrize("fault", FAULTS)
def test_no_call_runs_undecided_and_no_verdict_is_lost(fault: str, tmp_path: Path) -> None:
    shapes = SHAPES[:2] if fault in LARGE else SHAPES
    cells = try_fault(fault, tmp_path / "s", shapes)
    assert [cell for cell in cells if cell.problems] == []
    if fault in RUNS:
        assert all(cell.ran for cell in cells)
    elif fault not in EITHER:
        assert not any(cell.ran for cell in cells)


def test_every_live_host_has_a_shape() -> None:
    assert {shape.host for shape in SHAPES} == set(ADAPTERS)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.host)
def test_shapes_tell_a_denial_from_an_allow(shape) -> None:  # type: ignore[no-untyped-def]
    """What a cell says rests on this."""
    refused = ADAPTERS[shape.host].refuse(shape.event, "because")
    assert not shape.lets_run(refused)
    assert not shape.lets_run(Reply(stdout=refused.stdout))
    assert not shape.lets_run(Reply(exit=2))
    assert shape.lets_run(Reply()) != shape.speaks
    assert shape.lets_run(Reply(stdout='{"decision":"allow"}'))
