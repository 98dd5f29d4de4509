"""`[tool.cudafix.targets]`: the project's own functions in the place of the runtime's."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_noop, check_stays, check_unsafe

from cudafix.config import ConfigError, read_settings

OWN = {"targets": {"torch.cuda.empty_cache": "mypkg.device.flush"}}


def test_the_function_of_the_project_is_imported_and_called() -> None:
    check_fixes(
        "import torch\ntorch.cuda.empty_cache()\ntorch.cuda.synchronize()\n",
        """
        from cudafix.runtime import synchronize_device
        from mypkg.device import flush
        flush()
        synchronize_device()
        """,
        **OWN,
    )


def test_it_is_given_the_module_that_is_at_hand() -> None:
    check_fixes(
        "import torch\nmodule = torch.get_device_module()\ntorch.cuda.empty_cache()\n",
        "import torch\n\nfrom mypkg.device import flush\nmodule = torch.get_device_module()\nflush(module)\n",
        **OWN,
    )


def test_it_is_given_the_backend_that_is_meant() -> None:
    check_fixes(
        "import torch\nif device == 'npu':\n    torch.npu.empty_cache()\n",
        "import torch\n\nfrom mypkg.device import flush\nif device == 'npu':\n    flush(torch.npu)\n",
        select=["CFX305"],
        **OWN,
    )


def test_a_guard_around_it_goes() -> None:
    check_fixes(
        "import torch\nif torch.cuda.is_available():\n    torch.cuda.empty_cache()\n",
        "from mypkg.device import flush\nflush()\n",
        **OWN,
    )


def test_a_module_that_is_passed_to_it_is_no_finding() -> None:
    check_noop("import torch\nfrom mypkg.device import flush\nflush(torch.npu)\n", **OWN)


def test_the_function_itself_stays_as_it_is() -> None:
    check_stays(
        "import torch\ndef flush():\n    torch.cuda.empty_cache()\n",
        "this is mypkg.device.flush itself",
        path="src/mypkg/device.py",
        **OWN,
    )


def test_other_code_in_its_module_calls_it_without_an_import() -> None:
    check_fixes(
        "import torch\ndef flush():\n    pass\ndef other():\n    torch.cuda.empty_cache()\n",
        "def flush():\n    pass\ndef other():\n    flush()\n",
        path="src/mypkg/device.py",
        **OWN,
    )


def test_its_module_imports_the_runtimes_while_it_does_not_define_it() -> None:
    check_unsafe(
        "import torch\ndef other():\n    torch.cuda.empty_cache()\n",
        "from cudafix.runtime import empty_device_cache\ndef other():\n    empty_device_cache()\n",
        "mypkg.device has no flush yet: it is imported from cudafix.runtime",
        path="src/mypkg/device.py",
        **OWN,
    )


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"torch.cuda.nothing": "a.b"}, "`torch.cuda.nothing` is no function of a backend that has a neutral form"),
        ({"torch.cuda.nvtx.mark": "a.b"}, "`torch.cuda.nvtx.mark` is no function"),
        ({"torch.cuda": "a.b"}, "`torch.cuda` is no function"),
        ({"torch.cuda.empty_cache": "flush"}, "`flush` names no module: expected `package.module.function`"),
        ({"torch.cuda.empty_cache": "a b"}, "expected a dotted module name, got 'a b'"),
        (["torch.cuda.empty_cache"], "expected a table"),
    ],
)
def test_a_wrong_target_is_an_error(targets: object, message: str) -> None:
    with pytest.raises(ConfigError, match="setting `targets`: "):
        read_settings({"targets": targets}, "test")
    with pytest.raises(ConfigError) as error:
        read_settings({"targets": targets}, "test")
    assert message in str(error.value)


def test_a_predicate_of_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(ConfigError, match="`on_chip` asks for 'chip', which is none of cuda, xpu"):
        read_settings({"backend-predicates": {"on_chip": "chip"}}, "test")


def test_a_file_that_is_called_torch_is_not_torch() -> None:
    check_fixes(
        """
        import torch
        if device.type == "cuda":
            torch.cuda.synchronize()
        try:
            f()
        except torch.cuda.OutOfMemoryError:
            pass
        """,
        """
        import torch
        torch.get_device_module(device).synchronize()
        try:
            f()
        except torch.OutOfMemoryError:
            pass
        """,
        "utils/torch.py",
        unsafe=True,
    )
