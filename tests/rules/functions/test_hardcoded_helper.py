"""CFX114: names for which the configuration has another, and that are not torch's."""

from __future__ import annotations

from pathlib import Path

from checks import check_finds, check_fixes, check_noop, check_stays
from projects import in_project

HELPERS = {"pkg.testing.require_cuda": "pkg.testing.require_accelerator", "pkg.util.count_gpus": "pkg.device.count"}


def test_an_alias_is_reported_where_it_is_made() -> None:
    check_finds(
        "from pkg import util\ncount = util.count_gpus\nprint(count())\n",
        "2 CFX114 pkg.util.count_gpus",
        targets=HELPERS,
    )


def test_a_helper_is_exchanged_and_so_is_its_import() -> None:
    check_fixes(
        "from pkg.testing import require_cuda, slow\n\n@slow\n@require_cuda\ndef test_it(): ...\n",
        "from pkg.testing import require_accelerator, slow\n\n@slow\n@require_accelerator\ndef test_it(): ...\n",
        targets=HELPERS,
    )


def test_a_helper_from_another_module_is_imported_from_there() -> None:
    check_fixes(
        "import os\nfrom pkg.util import count_gpus\nprint(count_gpus())\n",
        "import os\nfrom pkg.device import count\nprint(count())\n",
        targets=HELPERS,
    )


def test_a_helper_is_seen_through_aliases_and_modules() -> None:
    check_finds(
        "import pkg.util as u\nfrom pkg import testing\nfrom pkg.util import count_gpus as n\n"
        "u.count_gpus()\ntesting.require_cuda\nn()\n",
        "4 CFX114 pkg.util.count_gpus",
        "5 CFX114 pkg.testing.require_cuda",
        "6 CFX114 pkg.util.count_gpus",
        targets=HELPERS,
    )


def test_a_relative_import_is_exchanged_in_its_own_words(tmp_path: Path) -> None:
    before = "from .testing import require_cuda\n\n@require_cuda\ndef test_it(): ...\n"
    after = "from .testing import require_accelerator\n\n@require_accelerator\ndef test_it(): ...\n"
    assert in_project(tmp_path, "pkg/test_it.py", before, targets=HELPERS) == after


def test_a_parameter_that_is_called_like_a_helper_is_none() -> None:
    check_noop("def f(count_gpus):\n    return count_gpus()\n", targets=HELPERS)


def test_a_helper_that_is_only_imported_is_reported_and_stays() -> None:
    check_stays("from pkg.util import count_gpus\n", "nothing here uses it", targets=HELPERS)


def test_a_helper_that_may_be_something_else_stays() -> None:
    check_stays(
        "try:\n    from pkg.util import count_gpus\nexcept ImportError:\n    def count_gpus():\n        return 0\n"
        "print(count_gpus())\n",
        "may be something else here",
        targets=HELPERS,
    )


def test_torch_that_is_at_hand_is_said_and_else_a_part_of_it_imported() -> None:
    targets = {"pkg.util.count_gpus": "torch.accelerator.device_count"}
    check_fixes(
        "import torch\nfrom pkg.util import count_gpus\nprint(count_gpus(), torch.ones(1))\n",
        "import torch\nprint(torch.accelerator.device_count(), torch.ones(1))\n",
        unsafe=True,
        targets=targets,
    )
    check_fixes(
        "from pkg.util import count_gpus\nprint(count_gpus())\n",
        "from torch import accelerator\nprint(accelerator.device_count())\n",
        unsafe=True,
        targets=targets,
    )
