"""What is remembered of texts stays right and bounded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.remembered import Memory, remembered


def _counted(count: int, size: int) -> tuple[Callable[[str], str], list[str]]:
    asked: list[str] = []

    @remembered(count=count, size=size)
    def shout(text: str) -> str:
        asked.append(text)
        return text.upper()

    return shout, asked


def test_a_text_is_worked_out_once() -> None:
    shout, asked = _counted(8, 100)
    assert [shout("a"), shout("a"), shout("b"), shout("a")] == ["A", "A", "B", "A"]
    assert asked == ["a", "b"]


def test_what_is_used_stays_and_what_is_not_goes() -> None:
    shout, asked = _counted(4, 100)
    for text in ("a", "b", "a", "c", "a", "d", "e", "a", "b"):
        shout(text)
    assert asked == ["a", "b", "c", "d", "e", "b"]


def test_characters_are_bounded_and_a_huge_text_pushes_nothing_out() -> None:
    shout, asked = _counted(100, 16)
    for text in ("aaaa", "bbbb", "c" * 9, "aaaa", "dddd", "eeee", "ffff", "bbbb"):
        shout(text)
    assert asked == ["aaaa", "bbbb", "c" * 9, "dddd", "eeee", "ffff", "bbbb"]


@settings(max_examples=60)
@given(st.lists(st.text("ab", max_size=6), max_size=60), st.integers(0, 5), st.integers(0, 12))
def test_never_more_is_kept_than_said(texts: list[str], count: int, size: int) -> None:
    memory: Memory[str] = Memory(count=count, size=size)
    for text in texts:
        memory.recall(text, text.upper)
        kept = [*memory._new, *memory._old]
        assert len(kept) <= count
        assert sum(map(len, kept)) <= size


@settings(max_examples=60)
@given(st.lists(st.text("ab", max_size=6), max_size=40), st.integers(0, 5), st.integers(0, 12))
def test_answers_are_those_of_the_function(texts: list[str], count: int, size: int) -> None:
    shout, _ = _counted(count, size)
    assert [shout(text) for text in texts] == [text.upper() for text in texts]


def test_threads_get_right_answers() -> None:
    shout, _ = _counted(3, 12)
    texts = [f"t{i % 7}" for i in range(2_000)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(shout, texts)) == [text.upper() for text in texts]
