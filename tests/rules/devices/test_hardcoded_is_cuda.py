"""CFX203: `x.is_cuda` asks whether a tensor is on CUDA."""

from __future__ import annotations

from checks import check_finds, check_noop, check_stays

QUESTIONS = {"select": ["CFX203"], "ignore": []}


def test_leaves_a_function_and_an_attribute_that_is_set_alone() -> None:
    check_noop(
        "import platform\nfrom lib import is_cuda\nis_cuda()\nplatform.is_cuda\nself.is_cuda = True\n", **QUESTIONS
    )


def test_finds_the_question() -> None:
    check_finds("if x.is_cuda and not y.grad.is_cuda:\n    f()\n", "1 CFX203 ", "1 CFX203 ", **QUESTIONS)


def test_has_no_fix() -> None:
    check_stays("ok = x.is_cuda\n", "which is meant", **QUESTIONS)
