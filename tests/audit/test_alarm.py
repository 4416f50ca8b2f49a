"""Detectors against their recursion and their guarantee; watches against a ledger."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.audit.alarm import Detector, after, together
from magistrate.audit.watch import DEFAULT, Settings, Watch, alarms, check, load, more_wanted
from magistrate.cli import cli
from magistrate.core.errors import ConfigError
from magistrate.core.records import RunStarted, Stop, Watched
from magistrate.ledger import Ledger
from magistrate.testing.ledgers import Deed, write_run

# ---------------------------------------------------------------- the detector


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.floats(0.001, 0.4))
@settings(max_examples=60)
def test_the_recursion(batches: list[int], baseline: float) -> None:
    detector = Detector(baseline=baseline, bar=100)
    plain = [0.0] * len(detector.times)
    for k in batches:
        detector = detector.step(k, 20)
        plain = [
            (m + 1) * (q / baseline) ** k * ((1 - q) / (1 - baseline)) ** (20 - k)
            for m, q in zip(plain, detector.alternatives, strict=True)
        ]
    assert detector.state == pytest.approx([log(m) for m in plain], abs=1e-6)
    assert detector.evidence == pytest.approx(sum(plain) / len(plain), rel=1e-6)


def test_the_average_run_length_is_kept() -> None:
    """Quiet at the baseline: at least `bar` batches on average to a false alarm."""
    rng = np.random.default_rng(4)
    lengths = []
    for _ in range(60):
        detector, length = Detector(baseline=0.02, bar=50), 0
        while not detector.rings and length < 2000:
            detector = detector.step(int(rng.binomial(50, 0.02)), 50)
            length += 1
        lengths.append(length)
    assert np.mean(lengths) >= 50


def test_a_change_is_noticed() -> None:
    rng = np.random.default_rng(4)
    waits = []
    for _ in range(40):
        detector, wait = Detector(baseline=1e-3), 0
        while not detector.rings:
            detector, wait = detector.step(int(rng.binomial(1000, 3e-3)), 1000), wait + 1
        waits.append(wait)
    assert np.median(waits) <= 9


def test_it_goes_on_where_it_was() -> None:
    first = Detector(baseline=0.1).step(2, 10)
    kept = Watched(
        indicator="x", batch="1", events=2, trials=10, baseline=0.1, state=first.state, evidence=first.evidence
    )
    assert after(kept, 0.1).step(1, 10) == first.step(1, 10)
    assert after(kept, 0.2).state == ()
    assert after(None, 0.1).state == ()


def test_streams_multiply_within_the_recursion() -> None:
    one, other = Detector(baseline=0.1), Detector(baseline=0.05)
    state = together([(one, 2, 10), (other, 1, 30)])
    assert state == pytest.approx([a + b for a, b in zip(one.step(2, 10).state, other.step(1, 30).state, strict=True)])
    assert together([], (1.0,)) == (1.0,)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="events"):
        Detector(baseline=0.1).step(3, 2)
    with pytest.raises(ValueError, match="baseline"):
        Detector(baseline=0.0).step(0, 2)


# ---------------------------------------------------------------- what is watched


def write(path: Path, run: str, bad: int, good: int, **started: Any) -> None:
    with Ledger(path) as ledger:
        deeds = [Deed(decision="deny")] * bad + [Deed()] * good
        write_run(ledger, run, deeds, RunStarted(host="test", **started))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "one.db", "quiet", 3, 600)
    return tmp_path / "one.db"


WATCH = Settings(watch=(Watch(indicator="rule:a.rule", quiet=100, then="audit-more"), Watch(indicator="missed-canary")))


def look(path: Path, settings_: Settings = WATCH, **options: Any) -> Any:
    with Ledger(path) as ledger:
        return check(ledger, settings_, **options)


def test_a_baseline_is_declared_once_and_kept(path: Path) -> None:
    first, canary = look(path)
    assert (first.events, first.trials, first.evidence) == (3, 603, 0)
    assert 3 / 603 < first.baseline < 0.02
    assert canary.waiting
    write(path, "more", 8, 100)
    second, _ = look(path)
    assert (second.events, second.trials, second.baseline) == (8, 108, first.baseline)
    assert second.evidence > 1
    third, _ = look(path)
    assert (third.events, third.trials) == (0, 0)


def test_restarts_change_nothing(path: Path, tmp_path: Path) -> None:
    """The same events in the same batches, with a process for each check or one for all."""
    look(path)
    with Ledger(path) as ledger:
        seen = []
        for at in range(3):
            write_run(ledger, f"r{at}", [Deed(decision="deny")] * at + [Deed()] * 50)
            ledger.commit()
            seen.append(check(ledger, WATCH)[0].evidence)
    other = tmp_path / "two.db"
    write(other, "quiet", 3, 600)
    look(other)
    for at in range(3):
        write(other, f"r{at}", at, 50)
        assert look(other)[0].evidence == pytest.approx(seen[at])


def test_an_alarm_is_an_event_and_raises_the_audit(path: Path) -> None:
    look(path)
    write(path, "loud", 30, 100)
    (one, _) = look(path)
    assert one.rings
    with Ledger(path, readonly=True) as ledger:
        (alarm,) = alarms(ledger)
        assert (alarm.indicator, alarm.bar, alarm.step) == ("rule:a.rule", 100, "audit-more")
        assert more_wanted(ledger)
        assert ledger.verify() == []
    (after_it, _) = look(path)
    assert not after_it.rings  # counting begins anew once it rang


def test_an_alarm_can_stop_everything(path: Path) -> None:
    stopping = Settings(watch=(Watch(indicator="decision:deny", baseline=0.01, quiet=10, then="stop"),))
    write(path, "loud", 40, 100)
    assert look(path, stopping)[0].rings
    with Ledger(path, readonly=True) as ledger:
        (stop,) = [event.body for event in ledger.events("switch")]
        assert isinstance(stop, Stop)
        assert (stop.stopped, stop.scope) == (True, "all")


def test_canaries_are_counted_for_themselves_only(path: Path) -> None:
    watch = Settings(
        watch=(Watch(indicator="missed-canary", baseline=0.3), Watch(indicator="decision:allow", baseline=0.9999))
    )
    before = look(path, watch)[1]
    write(path, "planted", 4, 2, role="canary")
    write(path, "theirs", 9, 9, role="reviewer")
    canary, allowed = look(path, watch)
    assert (canary.events, canary.trials) == (2, 6)
    assert (before.trials, allowed.trials) == (603, 0)


def test_settings_are_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "alarms.toml"
    file.write_text('[[watch]]\nindicator = "effect:payment"\nbaseline = 0.01\nquiet = 365\nthen = "stop"\n')
    (watch,) = load(file).watch
    assert (watch.indicator, watch.quiet, watch.then) == ("effect:payment", 365, "stop")
    for bad in (
        "watch = 3",
        '[[watch]]\nindicator = "nonsense"\n',
        '[[watch]]\nindicator = "no-rule"\nbaseline = 2.0\n',
        "[[",
        '[[watch]]\nindicator = "no-rule"\nthen = "explode"\n',
    ):
        file.write_text(bad)
        with pytest.raises(ConfigError):
            load(file)
    assert {watch.indicator for watch in DEFAULT.watch} >= {"missed-canary", "workaround", "oversight", "no-rule"}


class Hook(BaseHTTPRequestHandler):
    told: list[Any] = []  # noqa: RUF012  shared with the test on purpose

    def do_POST(self) -> None:
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


def test_the_command_exits_with_four_and_tells_a_webhook(path: Path, tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    write(path, "loud", 40, 100)
    config = tmp_path / "alarms.toml"
    config.write_text(
        f'webhook = "http://127.0.0.1:{server.server_port}/"\n[[watch]]\nindicator = "rule:a.rule"\nbaseline = 0.01\nquiet = 10\n'
    )
    done = CliRunner().invoke(cli, ["audit", "watch", "--ledger", str(path), "--config", str(config)])
    thread.join(timeout=10)
    server.server_close()
    assert "ALARM" in done.output
    assert done.exit_code == 4
    assert Hook.told[0][0]["indicator"] == "rule:a.rule"
    again = CliRunner().invoke(cli, ["audit", "watch", "--ledger", str(path), "--config", str(config)])
    assert again.exit_code == 0
