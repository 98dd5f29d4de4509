"""Two texts, line by line: what they have in common."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cudafix.files.line_matcher import LineMatcher

TEXTS = st.lists(st.sampled_from("abcdefgh"), max_size=20)


def changes(old: str, new: str) -> list[tuple[str, str, str]]:
    steps = LineMatcher([*old], [*new]).get_opcodes()
    return [(tag, old[first:last], new[start:end]) for tag, first, last, start, end in steps if tag != "equal"]


@pytest.mark.parametrize("text", ["", "a", "aab", "abcabc"])
def test_equal_texts_have_all_in_common(text: str) -> None:
    assert changes(text, text) == []


def test_lines_that_both_have_once_are_matched() -> None:
    assert changes("xaxbxcx", "xayybcx") == [("replace", "x", "yy"), ("delete", "x", "")]


def test_what_lies_between_them_is_compared() -> None:
    assert changes("a11221b", "a1122221b") == [("insert", "", "22")]


def test_of_lines_in_another_order_the_most_are_matched() -> None:
    assert changes("abcd", "dabc") == [("insert", "", "d"), ("delete", "d", "")]


def test_texts_with_no_line_in_common_are_one_change() -> None:
    assert changes("aab", "cdd") == [("replace", "aab", "cdd")]


@given(TEXTS, TEXTS)
def test_the_steps_make_the_new_text_of_the_old_one(old: list[str], new: list[str]) -> None:
    made: list[str] = []
    for tag, first, last, start, end in LineMatcher(old, new).get_opcodes():
        made += old[first:last] if tag == "equal" else new[start:end]
    assert made == new


@given(TEXTS, TEXTS)
def test_between_two_changes_something_is_the_same(old: list[str], new: list[str]) -> None:
    tags = [tag == "equal" for tag, *_ in LineMatcher(old, new).get_opcodes()]
    assert all(one != other for one, other in pairwise(tags))
