"""Every registered importer keeps every contract; the contracts themselves can be broken."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magistrate.core.errors import InputError
from magistrate.core.intake import Head, Intake
from magistrate.core.protocols import Importer
from magistrate.core.records import Action, Outcome, RunStarted, Session
from magistrate.hosts import IMPORTERS, importer_for
from magistrate.testing import importers as suite
from magistrate.testing import samples, samples_formats

SAMPLES: dict[str, Callable[[Path], Path]] = {**samples.SAMPLES, **samples_formats.SAMPLES}
NAMES = [importer.name for importer in IMPORTERS]
BY_NAME = {importer.name: importer for importer in IMPORTERS}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("samples")
    return {name: build(_made(folder / name)) for name, build in SAMPLES.items()}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_every_importer_has_a_sample() -> None:
    assert set(NAMES) == set(SAMPLES)
    assert len(NAMES) == len(set(NAMES)) == 7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("contract", suite.CONTRACTS, ids=lambda contract: contract.__name__)
def test_contract(name: str, contract: suite.Contract, built: dict[str, Path], tmp_path: Path) -> None:
    contract(BY_NAME[name], built[name], tmp_path / "scratch")


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_has_something_to_hide(name: str, built: dict[str, Path]) -> None:
    texts = [built[name].read_bytes()]
    if zipfile.is_zipfile(built[name]):
        with zipfile.ZipFile(built[name]) as archive:
            texts = [zstandard_or_plain(archive, member) for member in archive.infolist()]
    assert any(samples.MARKER.encode() in text for text in texts)


def zstandard_or_plain(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's content, whichever way it is packed; the standard library of 3.11 does not know Zstandard's number."""
    if member.compress_type != 93:
        return archive.read(member)
    assert archive.fp is not None
    archive.fp.seek(member.header_offset + 26)
    lengths = archive.fp.read(4)
    archive.fp.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
    packed = archive.fp.read(member.compress_size)
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


@pytest.mark.parametrize("name", NAMES)
def test_registry_finds_the_importer_of_each_sample(name: str, built: dict[str, Path]) -> None:
    assert importer_for(built[name]).name == name


@pytest.mark.parametrize("name", NAMES)
def test_claims_only_its_own(name: str, built: dict[str, Path]) -> None:
    suite.claims_only_its_own(BY_NAME[name], [path for other, path in built.items() if other != name])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
def test_wrong_types_anywhere(name: str, built: dict[str, Path], tmp_path: Path, chance: random.Random) -> None:
    suite.survives(BY_NAME[name], built[name], tmp_path / "scratch", chance)


# ---------------------------------------------------------------- the suite can fail


class Bad:
    """An importer of one-line files that breaks what it is told to break."""

    name = "bad"

    def __init__(self, **faults: Any) -> None:
        self.faults = faults

    def claims(self, head: Head) -> bool:
        return bool(self.faults.get("claims", b"call" in head.start))

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        data = path.read_bytes()
        if "raises" in self.faults:
            raise KeyError("oops")
        if not data.strip().endswith(b"}"):
            if "silent" not in self.faults:
                raise InputError("cut off", where=str(path))
            return
        events: list[Action | Outcome] = [Action(tool="t", call_id="c", arguments={"size": len(data)})]
        if "unanswered" not in self.faults:
            events.append(Outcome(call_id=self.faults.get("joins", "c"), tool="t", text=self.faults.get("text", "")))
        started = RunStarted(host="bad", source=str(path), parent=self.faults.get("parent", ""))
        yield Session(run="r", started=started, events=events)


@pytest.mark.parametrize(
    ("contract", "faults"),
    [
        (suite.claims_its_own, {"claims": False}),
        (suite.answers_every_action, {"unanswered": True}),
        (suite.answers_every_action, {"joins": "other"}),
        (suite.keeps_families_together, {"parent": "nobody"}),
        (suite.leaks_nothing, {"text": samples.MARKER}),
        (suite.ignores_unknown_fields, {}),
        (suite.survives_cuts, {"silent": True}),
        (suite.survives_the_empty_and_the_strange, {"raises": True}),
    ],
)
def test_a_fault_breaks_its_contract(contract: suite.Contract, faults: dict[str, Any], tmp_path: Path) -> None:
    sample = samples.write_lines(tmp_path / "sample" / "one.json", [{"call": 1}])
    importer: Importer = Bad(**faults)
    with pytest.raises(suite.Broken):
        contract(importer, sample, tmp_path / "scratch")
