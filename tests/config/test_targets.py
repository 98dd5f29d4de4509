"""`[tool.cudafix.targets]`: the project's own functions in the place of the runtime's."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_noop, check_stays, check_unsafe

from cudafix.config.settings import ConfigError, read_settings

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


def test_a_guard_around_it_goes_where_the_project_says_that_it_may() -> None:
    check_unsafe(
        "import torch\nfrom mypkg.device import flush\nif torch.cuda.is_available():\n    flush()\n",
        "from mypkg.device import flush\nflush()\n",
        "whether `flush` does nothing without an accelerator, only the project can say",
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
        ({"torch.cuda.nothing": "a.b"}, "`torch.cuda.nothing` is no function of a backend"),
        ({"torch.cuda.Stream.priority_range": "a.b"}, "`torch.cuda.Stream.priority_range` is no function"),
        ({"torch.cuda": "a.b"}, "`torch.cuda` is no function"),
        ({"torch.cuda.empty_cache": "flush"}, "`flush` names no module: expected `package.module.function`"),
        ({"torch.cuda.empty_cache": "a b"}, "`torch.cuda.empty_cache`: expected `package.module.function`, got 'a b'"),
        ({"torch.cuda.empty_cache": 3}, "`torch.cuda.empty_cache`: expected `package.module.function`, got 3"),
        (
            {"torch.cuda.empty_cache": "a.b.c(1 + 2)"},
            "an argument is a name, a string of one word, an integer or `...`",
        ),
        ({"torch.cuda.empty_cache": 'a.b.c("two words")'}, "an argument is a name, a string of one word, an integer"),
        ({"torch.cuda.empty_cache": 'a.b.c("...")'}, "an argument is a name, a string of one word, an integer"),
        ({"torch.cuda.empty_cache": "a.b.c(x=1, 2)"}, "is no expression of Python: positional argument follows"),
        ({"torch.cuda.empty_cache": "a.b.c(x=1, ...)"}, "is no expression of Python: positional argument follows"),
        ({"torch.cuda.empty_cache": "a.b.c(..., x)"}, "is no expression of Python: positional argument follows"),
        ({"torch.cuda.empty_cache": "a.b.c(..., ...)"}, "`...` are all arguments of the old call"),
        ({"torch.cuda.empty_cache": "a.b.c(007)"}, "is no expression of Python"),
        ({"torch.cuda.empty_cache": "a.class.c"}, "`a.class.c`: `class` is a keyword of Python"),
        ({"torch.cuda.empty_cache": "a.b.None"}, "`a.b.None`: `None` is a keyword of Python"),
        ({"torch.cuda.empty_cache": "a:b.if"}, "`if` is a keyword of Python"),
        ({"torch.cuda.empty_cache": "a.b.c(class)"}, "`class` is a keyword of Python"),
        ({"torch.cuda.empty_cache": "a.b.c(class=1)"}, "is no expression of Python"),
        ({"torch.cuda.empty_cache": "__future__.annotations"}, "`__future__` is for Python's compiler"),
        ({"torch.cuda.empty_cache": "subprocess.run"}, "`subprocess` is of Python's own library"),
        ({"torch.cuda.empty_cache": "a." * 300 + "b"}, "is longer than 500 characters"),
        ({"torch.cuda.empty_cache": "a.b().c().d"}, "`a.b().c().d` calls more than one function"),
        ({"torch.cuda.empty_cache": "a:b.c().d"}, "`a:b.c().d` names no module"),
        ({"torch.cuda.empty_cache": "a.b.*"}, "`*` stands for the names of a group"),
        ({"torch.cuda.*": "a.b"}, "`torch.cuda.*` is several functions: `a.b` must say `*` for their names"),
        ({"CFX103": "a.b"}, "`CFX103` is several functions"),
        ({"CFX401": "a.*"}, "`CFX401` is no group of functions"),
        ({"CFX999": "a.*"}, "no rule has the code `CFX999`"),
        ({"a b": "a.c"}, "expected a dotted module name, got 'a b'"),
        ({"tests/*": {"torch.cuda.empty_cache": {}}}, "`torch.cuda.empty_cache`: expected"),
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
