"""CFX004: a suppression that does not say why."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_finds, check_noop
from command import invoke

CALL = "import torch\ntorch.cuda.empty_cache()"
ALONE = {"select": ["CFX004"], "ignore": []}


@pytest.mark.parametrize(
    "comment",
    [
        "# cudafix: ignore[CFX101] CUDA only",
        "# cudafix: ignore[CFX101]: CUDA only",
        "# noqa: CFX101 CUDA only",
        "# noqa: CFX101 -- CUDA only",
        "# noqa CUDA only",
        "# noqa: E501",
        "# why",
        "# cudafix: ignore[CFX101, CFX004]  # cudafix: ignore[CFX004] told above",
    ],
)
def test_leaves_a_suppression_with_a_reason_alone(comment: str) -> None:
    check_noop(f"{CALL}  {comment}\n", **ALONE)


@pytest.mark.parametrize(
    "comment",
    [
        "# cudafix: ignore[CFX101]",
        "# cudafix: ignore[CFX101] -",
        "# cudafix: ignore[CFX101]  # type: ignore",
        "# cudafix: ignore",
        "# cudafix: file-ignore[CFX101]",
        "# cudafix: disable[CFX101]",
        "# noqa: CFX101",
        "# noqa: E501, CFX101",
    ],
)
def test_reports_a_suppression_without_one(comment: str) -> None:
    check_finds(f"{CALL}  {comment}\n", "2 CFX004 ", **ALONE)


def test_a_suppression_of_everything_does_not_silence_that_it_says_nothing() -> None:
    check_finds(f"{CALL}  # cudafix: ignore\n", "2 CFX004 ", **ALONE)


@pytest.mark.usefixtures("folder")
def test_it_is_off_until_a_reason_is_required() -> None:
    Path("a.py").write_text(f"{CALL}  # noqa: CFX101\n")
    assert invoke("check", "-q").stdout == ""


@pytest.mark.usefixtures("folder")
def test_a_setting_requires_a_reason() -> None:
    Path("a.py").write_text(f"{CALL}  # noqa: CFX101\n")
    Path("cudafix.toml").write_text("require-reason = true\n")
    assert invoke("check", "-q").stdout == (
        "a.py:2:27: CFX004 `# noqa: CFX101` does not say why: put the reason behind it\n"
    )
    assert invoke("check", "-q", "--ignore", "CFX004").stdout == ""
