"""CFX602: a test that replaces a backend's function."""

from __future__ import annotations

from functools import partial

import checks
from checks import findings_in

check_noop = partial(checks.check_noop, select=["CFX602"])
check_finds = partial(checks.check_finds, select=["CFX602"])
check_stays = partial(checks.check_stays, select=["CFX602"])

PATCH = 'from unittest.mock import patch\npatch("torch.cuda.empty_cache")\n'


def test_is_off_by_default() -> None:
    assert findings_in(PATCH, select=[]) == []


def test_leaves_other_calls_with_such_a_string_alone() -> None:
    check_noop('import requests\nlog("torch.cuda.empty_cache")\nrequests.get("torch.cuda.empty_cache")\n')


def test_leaves_a_patch_of_the_projects_own_alone() -> None:
    check_noop('def patch(path): ...\npatch("torch.cuda.empty_cache")\n')


def test_leaves_what_has_no_neutral_form_alone() -> None:
    check_noop('from unittest.mock import patch\npatch("torch.cuda.nvtx.range_push")\npatch("torch.cuda.nothing")\n')


def test_leaves_other_things_that_are_patched_alone() -> None:
    check_noop(
        """
        from unittest.mock import patch
        import torch
        patch("os.getcwd")
        patch("torch.accelerator.synchronize")
        patch(f"torch.cuda.{name}")
        patch.object(torch, "ones")
        patch.dict("os.environ", {"a": "torch.cuda.empty_cache"})
        """
    )


def test_leaves_the_neutral_function_alone() -> None:
    check_noop('from unittest.mock import patch\npatch("package.torch.cuda_tools.empty_device_cache")\n')


def test_finds_every_spelling_of_patch() -> None:
    check_finds(
        """
        import unittest.mock
        import mock as m
        from unittest import mock
        from unittest.mock import patch as replace
        unittest.mock.patch("torch.cuda.empty_cache")
        m.patch("torch.cuda.empty_cache")
        mock.patch(target="torch.cuda.memory.empty_cache")
        replace("torch.cuda." "empty_cache")
        """,
        "5 CFX602 torch.cuda.empty_cache",
        "6 CFX602 torch.cuda.empty_cache",
        "7 CFX602 torch.cuda.empty_cache",
        "8 CFX602 torch.cuda.empty_cache",
    )


def test_finds_decorators_and_context_managers() -> None:
    check_finds(
        """
        from unittest import mock
        @mock.patch("torch.cuda.is_available", return_value=True)
        def test(available):
            with mock.patch("torch.xpu.synchronize"):
                pass
        """,
        "2 CFX602 torch.cuda.is_available",
        "4 CFX602 torch.xpu.synchronize",
    )


def test_finds_a_path_through_the_module_under_test() -> None:
    check_finds(
        'from unittest import mock\nmock.patch("package.module.torch.cuda.is_available")\n',
        "2 CFX602 torch.cuda.is_available",
    )


def test_finds_objects_with_the_name_of_an_attribute() -> None:
    check_finds(
        """
        from unittest.mock import patch
        import torch as t
        patch.object(t.cuda, "device_count", lambda: 2)
        patch.object(target=t.cuda, attribute="Stream")
        """,
        "3 CFX602 torch.cuda.device_count",
        "4 CFX602 torch.cuda.Stream",
    )


def test_finds_each_name_of_patch_multiple() -> None:
    check_finds(
        """
        from unittest.mock import patch
        patch.multiple("torch.cuda", create=True, synchronize=None, get_device_name=None)
        """,
        "2 CFX602 torch.cuda.synchronize",
        "2 CFX602 torch.cuda.get_device_name",
    )


def test_finds_the_fixtures_of_pytest() -> None:
    check_finds(
        """
        import torch
        def test(mocker, monkeypatch):
            mocker.patch("torch.cuda.mem_get_info")
            mocker.patch.object(torch.cuda, "synchronize")
            mocker.spy(torch.cuda, "empty_cache")
            monkeypatch.setattr("torch.cuda.is_available", lambda: True)
            monkeypatch.setattr(torch.cuda, "get_device_properties", None)
            monkeypatch.delattr("torch.cuda.device_count")
            monkeypatch.setattr(torch.cuda, "nccl", None)
        """,
        "3 CFX602 torch.cuda.mem_get_info",
        "4 CFX602 torch.cuda.synchronize",
        "5 CFX602 torch.cuda.empty_cache",
        "6 CFX602 torch.cuda.is_available",
        "7 CFX602 torch.cuda.get_device_properties",
        "8 CFX602 torch.cuda.device_count",
    )


def test_a_suppression_on_the_call_silences_it() -> None:
    check_noop(
        """
        from unittest.mock import patch
        patch(
            "torch.cuda.empty_cache",
        )  # noqa: CFX602
        """
    )


def test_has_no_fix_and_says_what_the_code_calls() -> None:
    check_stays(PATCH, "code that calls `empty_device_cache` does not meet it")


def test_says_what_to_replace() -> None:
    [finding] = findings_in(PATCH, select=["CFX602"])
    assert finding.help == "replace `empty_device_cache` in the module that looks it up"


def test_says_what_to_replace_where_the_module_is_asked() -> None:
    [finding] = findings_in(PATCH.replace("empty_cache", "list_gpu_processes"), select=["CFX602"])
    assert finding.help.startswith("replace `device_module`, by what returns a module with `list_gpu_processes`,")


def test_says_what_the_project_calls_it() -> None:
    [finding] = findings_in(PATCH, select=["CFX602"], targets={"torch.cuda.empty_cache": "project.device.clear"})
    assert "`clear`" in finding.help
