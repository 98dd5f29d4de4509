"""A branch for a torch older than 2.4 keeps what it calls: the neutral functions do not run there."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_stays

CALL = "torch.cuda.reset_max_memory_allocated()"
NEUTRAL = "reset_peak_device_memory_stats()"


@pytest.mark.parametrize(
    "test",
    [
        "version.parse(torch.__version__) >= version.parse('1.8')",
        "torch.__version__ < other",
        "torch.__version__ < '2.9'",
        "TORCH_VERSION >= (2, 6)",
        "library.__version__ < '1.0'",
        "TORCH_MAJOR > 1",
    ],
)
def test_a_branch_that_a_newer_torch_takes_is_fixed(test: str) -> None:
    source = "import torch\n{}torch.ones(1)\nif {}:\n    {}\n"
    check_fixes(
        source.format("", test, CALL),
        source.format("from cudafix.runtime import reset_peak_device_memory_stats\n", test, NEUTRAL),
    )


@pytest.mark.parametrize(
    "source",
    [
        "if version.parse(torch.__version__) < version.parse('1.8'):\n    {}\n",
        "if torch.__version__ <= '1.8.0':\n    {}\n",
        "if '1.8' > torch.__version__:\n    {}\n",
        "if TORCH_VERSION < (1, 8):\n    {}\n",
        "if torch_version >= Version('2.0'):\n    pass\nelse:\n    {}\n",
        "x = None if torch.__version__ > '1.9' else {}\n",
    ],
)
def test_a_branch_for_an_older_torch_stays(source: str) -> None:
    check_stays(f"import torch\n{source.format(CALL)}", "a torch that the neutral function does not run with")
