"""What `[tool.cudafix.targets]` may say: functions, methods, calls, groups, and names that are not torch's."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_finds, check_fixes, check_stays, check_unsafe, findings_in, fixed
from projects import in_project

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.config.targets import Target, read_target
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Safety

FLUSH = "import torch\ntorch.cuda.empty_cache()\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


# What a target says


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a.b.c", Target("a.b", "c")),
        ("a:b.c", Target("a", "b", ("c",), is_certain=True)),
        ("a.b().c", Target("a", "b", ("c",), is_called=True, is_certain=True)),
        ("a:b().c.d", Target("a", "b", ("c", "d"), is_called=True, is_certain=True)),
        ("a.b.c()", Target("a.b", "c", arguments="")),
        ("a.b.c(x, ...)", Target("a.b", "c", arguments="x, ...")),
        ("a.b.*", Target("a.b", "*")),
        ("torch.accelerator.synchronize", Target("torch", "accelerator", ("synchronize",), is_certain=True)),
    ],
)
def test_a_target_is_read(text: str, target: Target) -> None:
    assert read_target(text) == target


# Objects and calls


def test_a_method_of_an_object_is_called_and_the_object_is_imported() -> None:
    check_fixes(
        FLUSH,
        "from pkg.platforms import current\ncurrent.empty_cache()\n",
        targets={"torch.cuda.empty_cache": "pkg.platforms:current.empty_cache"},
    )


def test_a_method_of_what_a_call_returns_is_called() -> None:
    check_fixes(
        "import torch\ndef f():\n    torch.cuda.synchronize(torch.cuda.device_count() - 1)\n",
        "from pkg.accelerator import get\ndef f():\n    get().synchronize(get().device_count() - 1)\n",
        targets={"torch.cuda.*": "pkg.accelerator.get().*"},
        unsafe=True,
    )


def test_without_a_colon_the_files_of_the_project_say_where_the_module_ends(tmp_path: Path) -> None:
    write(tmp_path, {"pkg/__init__.py": "", "pkg/platforms/__init__.py": "current = object()\n"})
    found = in_project(
        tmp_path, "pkg/train.py", FLUSH, targets={"torch.cuda.empty_cache": "pkg.platforms.current.empty_cache"}
    )
    assert found == "from pkg.platforms import current\ncurrent.empty_cache()\n"


def test_a_whole_call_is_replaced_with_its_arguments_and_what_they_need() -> None:
    check_fixes(
        "import torch\ntorch.cuda.manual_seed_all(7)\ntorch.cuda.empty_cache()\n",
        """
        from pkg.testing import backend_empty_cache, backend_manual_seed, device
        backend_manual_seed(device, 7)
        backend_empty_cache(device)
        """,
        targets={
            "torch.cuda.manual_seed_all": "pkg.testing.backend_manual_seed(device, ...)",
            "torch.cuda.empty_cache": "pkg.testing.backend_empty_cache(device)",
        },
    )


def test_a_constant_takes_the_place_of_a_call() -> None:
    targets = {"torch.cuda.device_count()": "pkg.testing.device_count"}
    check_fixes(
        "import torch\nn = torch.cuda.device_count()\n",
        "from pkg.testing import device_count\nn = device_count\n",
        targets=targets,
    )
    check_fixes(
        "import torch\ncount = torch.cuda.device_count\n",
        "from cudafix.runtime import count_devices\ncount = count_devices\n",
        targets=targets,
    )


def test_a_call_with_arguments_that_the_target_does_not_take_stays() -> None:
    check_stays(
        "import torch\ntorch.cuda.synchronize(0)\n",
        "`wait()` takes none of the arguments here",
        targets={"torch.cuda.synchronize": "pkg.testing.wait()"},
    )


def test_a_function_that_is_passed_on_stays_where_the_target_is_a_call() -> None:
    check_stays(
        "import atexit, torch\natexit.register(torch.cuda.synchronize)\n",
        "stands for a call, and here the function itself is meant",
        targets={"torch.cuda.synchronize": "pkg.testing.wait(device)"},
    )


def test_a_comment_inside_a_call_that_is_replaced_is_not_lost() -> None:
    check_stays(
        "import torch\ntorch.cuda.synchronize(\n    # all\n)\n",
        "a comment inside the call would be lost",
        targets={"torch.cuda.synchronize": "pkg.testing.wait()"},
    )


def test_an_argument_that_has_to_be_imported_gets_another_name_where_its_own_is_taken() -> None:
    check_fixes(
        "import torch\ndevice = 3\ntorch.cuda.empty_cache()\n",
        """
        from pkg.testing import device as neutral_device
        from pkg.testing import flush
        device = 3
        flush(neutral_device)
        """,
        targets={"torch.cuda.empty_cache": "pkg.testing.flush(device)"},
    )


# Groups, other symbols, and where they hold


def test_a_group_goes_by_the_names_of_its_functions() -> None:
    check_fixes(
        "import torch\nprint(torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated())\n",
        "from pkg import stats\nprint(stats.memory_allocated(), stats.max_memory_allocated())\n",
        targets={"hardcoded-memory-statistics": "pkg:stats.*"},
    )


@pytest.mark.parametrize("group", ["CFX104", "hardcoded-synchronize", "torch.cuda.*"])
def test_a_function_counts_more_than_its_group_wherever_that_stands(group: str) -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize()\n",
        "from pkg import wait\nwait()\n",
        targets={group: "pkg:others.*", "torch.cuda.synchronize": "pkg.wait"},
    )


def test_a_single_function_counts_more_than_its_group() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize()\ntorch.cuda.empty_cache()\n",
        "from pkg import flush, wait\nwait.synchronize()\nflush()\n",
        targets={"torch.cuda.*": "pkg:wait.*", "torch.cuda.empty_cache": "pkg.flush"},
    )


def test_what_only_cuda_has_is_reported_where_the_project_has_something_for_it() -> None:
    check_finds(
        "import torch\ntorch.cuda.nvtx.range_push('a')\ntorch.cuda.nvtx.range_pop()\n",
        "2 CFX114 torch.cuda.nvtx.range_push",
        "3 CFX401 torch.cuda.nvtx.range_pop",
        targets={"torch.cuda.nvtx.range_push": "pkg.trace.push"},
    )


def test_the_names_of_devices_are_the_projects_own() -> None:
    check_fixes(
        "import torch\nx = torch.ones(1, device='cuda')\ny = x.cuda()\n",
        "import torch\n\nfrom pkg.testing import torch_device\nx = torch.ones(1, device=torch_device)\n"
        "y = x.to(torch_device)\n",
        unsafe=True,
        select=["CFX2"],
        ignore=[],
        targets={"cudafix.runtime.current_device_type()": "pkg.testing.torch_device"},
    )


def test_the_advice_says_the_projects_own_name() -> None:
    (finding,) = findings_in(
        "import torch\ny = x.cuda()\n",
        select=["CFX202"],
        ignore=[],
        targets={"cudafix.runtime.current_device_type": "pkg.accelerator.get().device_name"},
    )
    assert finding.help == "use `.to(get().device_name())`"


def test_targets_for_some_files_come_first() -> None:
    targets = {
        "torch.cuda.empty_cache": "pkg.memory.flush",
        "tests/*": {"torch.cuda.empty_cache": "pkg.testing.flush(device)"},
    }
    check_fixes(FLUSH, "from pkg.memory import flush\nflush()\n", path="pkg/train.py", targets=targets)
    check_fixes(
        FLUSH, "from pkg.testing import device, flush\nflush(device)\n", path="tests/test_train.py", targets=targets
    )


def test_an_annotation_names_the_type_of_torch_and_no_target() -> None:
    check_unsafe(
        "import torch\ndef f(stream: torch.cuda.Stream): ...\n",
        "import torch\ndef f(stream: torch.Stream): ...\n",
        "common base class",
        targets={"torch.cuda.*": "pkg.accelerator.get().*"},
    )


def test_whether_there_is_a_device_is_never_asked_otherwise_without_saying_so() -> None:
    (finding,) = findings_in(
        "import torch\nif torch.cuda.is_available():\n    train()\n",
        ignore=["CFX3"],
        targets={"torch.cuda.is_available": "pkg.device.is_there"},
    )
    assert finding.fix is not None
    assert finding.fix.safety is Safety.UNSAFE


# Circles


def test_the_module_of_a_target_and_what_it_imports_do_not_import_it(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from pkg import train\n",
        "pkg/device.py": "from . import base\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import pkg.hints\ndef flush(): ...\ndef later():\n    import pkg.lazy\n",
        "pkg/base.py": "import pkg.deep.log\n",
        "pkg/deep/__init__.py": "",
    }
    write(tmp_path, files)
    targets = {"torch.cuda.empty_cache": "pkg.device.flush"}
    own = {name: in_project(tmp_path, name, FLUSH, targets=targets) for name in (
        "pkg/base.py", "pkg/deep/__init__.py", "pkg/deep/log.py", "pkg/train.py", "pkg/hints.py", "pkg/lazy.py",
        "pkg/__init__.py",
    )}  # fmt: skip
    write(tmp_path, {"pkg/deep/log.py": ""})
    changed = {name for name, text in own.items() if text != FLUSH}
    assert changed == {"pkg/deep/log.py", "pkg/train.py", "pkg/hints.py", "pkg/lazy.py", "pkg/__init__.py"}


@pytest.mark.parametrize("call", ["torch.autocast('cuda')", "torch.cuda.amp.autocast()"])
def test_mixed_precision_is_imported_into_no_circle_either(call: str) -> None:
    check_stays(
        f"import torch\nwith {call}:\n    pass\n",
        "this file is a part of pkg.platforms, which current comes from",
        path="pkg/platforms/cuda.py",
        targets={"torch.cuda.amp.autocast": "pkg.platforms:current.autocast"},
    )


def test_the_reason_names_the_circle(tmp_path: Path) -> None:
    write(tmp_path, {"pkg/__init__.py": "", "pkg/device.py": "import pkg.base\n", "pkg/base.py": FLUSH})
    settings = read_settings({"targets": {"torch.cuda.empty_cache": "pkg.device.flush"}}, "test")
    options = Options(root=tmp_path, **settings)
    result = process(Source(str(tmp_path / "pkg/base.py"), FLUSH.encode()), options, Work(Mode.CHECK))
    reasons = [one.reason for one in result.findings]
    assert reasons == ["pkg.device imports this file: it cannot import flush from there"]


def test_a_file_of_the_package_that_a_target_comes_from_stays() -> None:
    check_stays(
        FLUSH,
        "this file is a part of pkg.platforms, which current comes from",
        path="pkg/platforms/cuda.py",
        targets={"torch.cuda.empty_cache": "pkg.platforms:current.empty_cache"},
    )


def test_a_file_with_relative_imports_imports_its_own_package_by_dots(tmp_path: Path) -> None:
    targets = {"torch.cuda.empty_cache": "pkg.device.flush"}
    before = "import torch\nfrom ..log import warn\n\ntorch.cuda.empty_cache()\n"
    after = "from ..device import flush\nfrom ..log import warn\n\nflush()\n"
    assert in_project(tmp_path, "pkg/deep/train.py", before, targets=targets) == after
    before = "import torch\nfrom pkg.log import warn\n\ntorch.cuda.empty_cache()\n"
    after = "from pkg.device import flush\nfrom pkg.log import warn\n\nflush()\n"
    assert in_project(tmp_path, "pkg/deep/train.py", before, targets=targets) == after


# Routes


def test_the_route_of_targets_takes_nothing_of_the_runtime() -> None:
    check_stays(FLUSH, "no target stands for it", route="targets")


def test_the_route_of_torch_takes_the_accelerators_function_or_that_of_the_device_module() -> None:
    source = "import torch\ntorch.cuda.synchronize()\nstate = torch.cuda.get_rng_state()\n"
    check_unsafe(
        source,
        "import torch\ntorch.accelerator.synchronize()\nstate = torch.get_device_module().get_rng_state()\n",
        "raises on a machine without an accelerator",
        route="torch",
        target_torch="2.9",
    )


def test_the_route_of_torch_never_asks_the_cpu_whether_it_is_there() -> None:
    for function in ("is_available", "device_count"):
        check_stays(
            f"import torch\nprint(torch.cuda.{function}())\n",
            "torch.get_device_module() answers for the CPU here",
            route="torch",
            target_torch="2.4",
        )
        check_stays(
            f"import torch\nprint(torch.cuda.{function}())\n",
            "torch.get_device_module() answers for the CPU here",
            targets={"torch.cuda.*": "torch.get_device_module().*"},
        )


def test_a_guard_stays_around_what_raises_without_an_accelerator() -> None:
    source = "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\n"
    new = fixed(source.encode(), unsafe=True, route="torch", target_torch="2.9").new_bytes
    assert new == b"import torch\nif torch.accelerator.is_available():\n    torch.accelerator.synchronize()\n"


def test_a_ladder_becomes_a_guard_around_what_raises_without_an_accelerator() -> None:
    source = (
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\n"
        "elif torch.xpu.is_available():\n    torch.xpu.synchronize()\n"
    )
    new = fixed(source.encode(), unsafe=True, route="accelerator", target_torch="2.9").new_bytes
    assert new == b"import torch\nif torch.accelerator.is_available():\n    torch.accelerator.synchronize()\n"
