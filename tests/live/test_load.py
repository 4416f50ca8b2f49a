"""A short load: many hooks at once while the server is killed. `bench/load.py` is the long one."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench" / "load.py"


def test_what_hooks_were_told_is_in_the_ledger_though_the_server_is_killed(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("bench_load", BENCH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    count = asyncio.run(module.load(tmp_path / "state", actions=300, at_once=32, every=2.5))
    assert count.kept, count
    assert count.kills >= 1
    assert count.answers.get("allow", 0) > 100
    assert count.answers.get("broken", 0) == 0
