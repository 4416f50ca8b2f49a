"""Reading what anybody may hand in: whatever is wrong is said, whatever is good is read, nothing grows without bound."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import magistrate.hosts  # noqa: F401  (adds reading through Zstandard)
from magistrate.core import intake as module
from magistrate.core.canon import canonical
from magistrate.core.errors import InputError
from magistrate.core.intake import Intake, decode, document, head_of, lines, objects


def file(tmp_path: Path, data: bytes, name: str = "file.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def read(path: Path, **limits: int) -> tuple[list[bytes], Intake]:
    intake = Intake()
    return [line for _, line in lines(path, intake, **limits)], intake


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n \n\t\n", []),
        (b'{"a":1}', [(1, b'{"a":1}')]),
        (b'{"a":1}\r\n{"b":2}\r\n', [(1, b'{"a":1}\r\n'), (2, b'{"b":2}\r\n')]),
        (b'\xef\xbb\xbf{"a":1}\n\n{"b":2}', [(1, b'{"a":1}\n'), (3, b'{"b":2}')]),
    ],
    ids=["empty", "blank", "no line end", "CRLF", "byte order mark and a gap"],
)
def test_lines_with_their_numbers(tmp_path: Path, data: bytes, expected: list[tuple[int, bytes]]) -> None:
    intake = Intake()
    assert list(lines(file(tmp_path, data), intake)) == expected
    assert list(lines(file(tmp_path, gzip.compress(data)), intake)) == expected
    assert not intake.count


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.binary(max_size=60).map(lambda row: row.replace(b"\n", b" ")), max_size=12))
def test_packed_and_plain_read_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("rows")
    data = b"\n".join([b"first", *rows])  # no accidental magic number in front
    plain, intake = read(file(folder, data, "plain"))
    assert read(file(folder, gzip.compress(data), "gz"))[0] == plain
    assert read(file(folder, zstandard.ZstdCompressor().compress(data), "zst"))[0] == plain
    assert [row.strip() for row in plain] == [row.strip() for row in [b"first", *rows] if row.strip()]
    assert not intake.count


@pytest.mark.parametrize("size", [49, 50, 51, 5000])
def test_a_line_over_the_limit_is_reported_and_the_rest_goes_on(tmp_path: Path, size: int) -> None:
    data = b"first\n" + b"x" * (size - 1) + b"\n" + b"last\n"
    kept, intake = read(file(tmp_path, data), limit=50)
    assert [kept[0], kept[-1]] == [b"first\n", b"last\n"]
    assert len(kept) == (3 if size <= 50 else 2)
    assert [(problem.line, problem.lost) for problem in intake.problems] == ([] if size <= 50 else [(2, True)])


def test_a_line_of_100_megabytes_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"a":1}\n"')
        for _ in range(100):
            stream.write(b"x" * (1 << 20))
        stream.write(b'"\n{"b":2}\n')
    tracemalloc.start()
    try:
        kept, intake = read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert kept == [b'{"a":1}\n', b'{"b":2}\n']
    assert "over the limit" in intake.problems[0].what
    assert intake.problems[0].line == 2
    assert peak < 4 * module.MAX_LINE


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_cut_off_gzip_keeps_what_came_before(tmp_path: Path, share: float) -> None:
    rows = [json.dumps({"n": n, "text": os.urandom(40).hex()}).encode() + b"\n" for n in range(2000)]
    data = gzip.compress(b"".join(rows))
    kept, intake = read(file(tmp_path, data[: int(len(data) * share)]))
    assert kept == rows[: len(kept)]
    assert len(kept) >= int(len(rows) * (share - 0.2))
    assert "cut off" in intake.problems[-1].what


def test_damage_inside_a_gzip_is_reported(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(b"".join(b'{"n":%d}\n' % n for n in range(5000))))
    data[len(data) // 2] ^= 0xFF
    _, intake = read(file(tmp_path, bytes(data)))
    assert intake.count == 1


def test_damage_inside_zstandard_is_reported(tmp_path: Path) -> None:
    data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(os.urandom(3000).hex().encode()))
    data[len(data) // 2] ^= 0xFF
    _, intake = read(file(tmp_path, bytes(data)))
    assert intake.count == 1


def bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RATIO_GRACE", 1 << 20)


@pytest.mark.parametrize("row", [b"x" * 8_000_000, b'{"a":1}\n' * 1_000_000], ids=["one line", "many lines"])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstandard"])
def test_a_decompression_bomb_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: bytes, pack: object
) -> None:
    bomb(monkeypatch)
    path = file(tmp_path, pack(row))  # type: ignore[operator]
    _, intake = read(path, limit=1 << 20)
    assert "bomb" in intake.problems[-1].what
    with pytest.raises(InputError, match="bomb"):
        document(path)


def test_a_plain_file_is_never_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb(monkeypatch)
    kept, intake = read(file(tmp_path, b'{"a":1}\n' * 400_000))
    assert len(kept) == 400_000
    assert not intake.count


# ---------------------------------------------------------------- what is no file


def test_what_cannot_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    cases = {
        "missing": "No such file",
        ".": "is a folder",
        "pipe": "not a regular file",
        "loop": "Too many levels",
        "nul\0": "cannot be opened",
        "n" * 300: "cannot be opened",
    }
    for name, said in cases.items():
        for reader in (head_of, document, lambda path: list(lines(path, Intake()))):
            with pytest.raises(InputError, match=said):
                reader(tmp_path / name)
    path = file(tmp_path, b"{}")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        head_of(path)


def test_a_device_is_not_read() -> None:
    with pytest.raises(InputError, match="not a regular file"):
        document(Path("/dev/zero"))


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (b'"\xff\xfe caf\xe9"', "�� caf�"),
        (b'"cut \\ud83d"', "cut �"),
        (b'"\\ud83d\\ude00 \\udc00"', "😀 �"),
        (b'{"\\ud800": 1}', {"�": 1}),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None, None, None, None]),
        (b"1180591620717411303424", 2**70),
        ("[1]", [1]),
    ],
)
def test_decode_is_lenient_and_gives_what_can_be_written(text: bytes | str, value: object) -> None:
    assert decode(text) == value
    canonical(decode(text))


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a":', b"nope", b'{"a":1}{"b":2}', b"\x00\x01\x02", b"1" * 5000, b"'x'"]
)
def test_decode_says_what_is_no_json(text: bytes) -> None:
    with pytest.raises(InputError, match="not JSON"):
        decode(text)


@pytest.mark.parametrize("depth", [50, 100, 101, 900, 100_000])
@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_nesting_is_bounded(depth: int, pair: tuple[str, str]) -> None:
    text = pair[0] * depth + "1" + pair[1] * depth
    if depth <= module.MAX_DEPTH:
        canonical(decode(text))
    else:
        with pytest.raises(InputError, match="nested"):
            decode(text)


def test_brackets_in_text_are_no_nesting() -> None:
    assert decode(json.dumps("[{" * 5000)) == "[{" * 5000


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=80) | st.text(alphabet='{}[]":,\\ud8+-eE0159naN \n', max_size=60).map(str.encode))
def test_decode_raises_nothing_else(data: bytes) -> None:
    with contextlib.suppress(InputError):
        canonical(decode(data))


def test_objects_reports_other_lines_and_goes_on(tmp_path: Path) -> None:
    intake = Intake()
    path = file(tmp_path, b'{"a":1}\n[1]\nnope\n"x"\n{"a":2}\r\n{"a":')
    assert list(objects(path, intake)) == [(1, {"a": 1}), (5, {"a": 2})]
    assert [problem.line for problem in intake.problems] == [2, 3, 4, 6]
    assert intake.lost == 4


def test_document_is_bounded(tmp_path: Path) -> None:
    path = file(tmp_path, b"\xef\xbb\xbf" + b"x" * 100)
    assert document(path) == b"x" * 100
    with pytest.raises(InputError, match="over the limit"):
        document(path, limit=50)
    assert document(file(tmp_path, gzip.compress(b"packed"))) == b"packed"
    with pytest.raises(InputError, match="cut off"):
        document(file(tmp_path, gzip.compress(os.urandom(5000))[:2000]))


# ---------------------------------------------------------------- heads


@pytest.mark.parametrize(
    ("data", "first", "count"),
    [
        (b'{"a":1}\n{"a":2}\n', {"a": 1}, 2),
        (b'\xef\xbb\xbf{"a":1}\r\n', {"a": 1}, 1),
        (b'{\n "a": 1\n}\n', {"a": 1}, 1),
        (b'[\n {"a": 1}\n]', [{"a": 1}], 1),
        (b'garbage\n{"a":2}\n', None, 1),
        (b'{"cut": \n{"a":2}\n{"a":3}\n', None, 2),
        (b"PK\x03\x04\x00\x00", None, 0),
        (b"", None, 0),
        (b'{"a":1}\n' * 500, {"a": 1}, module.HEAD_LINES),
    ],
    ids=["lines", "mark", "document", "list", "bad first", "cut first", "archive", "empty", "many"],
)
def test_head(tmp_path: Path, data: bytes, first: object, count: int) -> None:
    head = head_of(file(tmp_path, data))
    assert head.first == first
    assert len(head.lines) == count
    assert head_of(file(tmp_path, gzip.compress(data))).lines == head.lines


def test_head_reads_a_first_line_longer_than_itself(tmp_path: Path) -> None:
    long = {"text": "x" * (module.HEAD_BYTES * 3)}
    head = head_of(file(tmp_path, json.dumps(long).encode() + b'\n{"a":2}\n'))
    assert head.first == long
    assert len(head.start) == module.HEAD_BYTES


# ---------------------------------------------------------------- bookkeeping


def test_problems_are_bounded_and_counted() -> None:
    intake = Intake()
    for number in range(1000):
        intake.problem("file", "bad", line=number, lost=number % 2 == 0)
    assert (len(intake.problems), intake.count, intake.lost) == (200, 1000, 500)


def test_kinds_of_skips_are_bounded() -> None:
    intake = Intake()
    for number in range(5000):
        intake.skip(f"kind {number} " + "x" * 1000)
    assert len(intake.skipped) <= 1001
    assert sum(intake.skipped.values()) == 5000
    assert max(map(len, intake.skipped)) <= 60


def test_first_time() -> None:
    intake = Intake()
    assert [intake.first_time(key) for key in ("a", "b", "a", "\ud800", "\ud800")] == [True, True, False, True, False]


def test_how_much_of_a_batch_is_read(tmp_path: Path) -> None:
    from magistrate.hosts import sessions

    line = '{"messages": [{"role": "user", "content": "list the files"}]}\n'
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(line * 3000)
    intake = Intake()
    seen = [(intake.position, intake.size) for _ in sessions([tmp_path], intake)]
    assert {size for _, size in seen} == {2 * 3000 * len(line)}
    assert [position for position, _ in seen] == sorted(position for position, _ in seen)
    assert seen[0][0] < seen[-1][0] <= intake.size == intake.position
