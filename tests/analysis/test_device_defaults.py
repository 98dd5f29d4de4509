"""CFX201 and CFX206 in defaults: the value is worked out when it is needed, not at import."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import checks
import pytest

from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source

DEVICES = {"select": ["CFX201", "CFX206"], "ignore": []}

check_noop = partial(checks.check_noop, **DEVICES)
check_stays = partial(checks.check_stays, **DEVICES)
check_unsafe = partial(checks.check_unsafe, **DEVICES)
findings_in = partial(checks.findings_in, **DEVICES)

IMPORT = "import torch\nfrom cudafix.runtime import current_device_type\n"
ELSEWHERE = "the accelerator that is active"


def check_function(before: str, after: str, reason: str = ELSEWHERE) -> None:
    check_unsafe(f"import torch\n{before}", f"{IMPORT}{after}", reason)


# Parameters


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(device='cuda'): ...", "does nothing"),
        ("def f(device='cuda'):\n    '''Text.'''", "does nothing"),
        ("def f(device='cuda'):\n    raise NotImplementedError", "does nothing"),
        ("def f(device='cuda'): return g(device)", "does nothing"),
        ("f = lambda device='cuda': g(device)", "lambda"),
        ("@torch.jit.script\ndef f(x, device: str = 'cuda'):\n    return x.to(device)", "TorchScript"),
        ("def f(x, device: Literal['cuda', 'cpu'] = 'cuda'):\n    return x.to(device)", "which values"),
        ("def f(torch, device=torch.device('cuda')):\n    return torch.to(device)", "another one in the function"),
    ],
)
def test_a_parameter_whose_default_nothing_can_take_the_place_of_stays(source: str, reason: str) -> None:
    check_stays(f"import torch\n{source}\n", reason)


@pytest.mark.parametrize(
    "use",
    [
        "if device is None:\n        return x",
        "x = x if device is not None else 1",
        "device = device or x.device",
        "if not device:\n        return x",
        "if device:\n        return x",
        "y = 1 if device else 2",
        "assert device",
        "def g():\n        return device is None",
    ],
)
def test_a_parameter_stays_where_the_function_has_another_meaning_for_none(use: str) -> None:
    check_stays(f"import torch\ndef f(x, device='cuda'):\n    {use}\n    return x.to(device)\n", "something else here")


def test_a_parameter_gets_none_and_the_function_says_what_that_means() -> None:
    check_function(
        "def f(x, device='cuda'):\n    return x.to(device)\n",
        "def f(x, device=None):\n    if device is None:\n        device = current_device_type()\n"
        "    return x.to(device)\n",
        "None, where it is passed on purpose, now stands for it",
    )


def test_what_none_means_is_said_below_the_docstring_and_above_the_first_comment() -> None:
    check_function(
        'def f(x, device="cuda"):\n    """Text."""\n\n    # first\n    return x.to(device)\n',
        'def f(x, device=None):\n    """Text."""\n    if device is None:\n        device = current_device_type()\n\n'
        "    # first\n    return x.to(device)\n",
    )


def test_an_expression_around_the_name_moves_into_the_function() -> None:
    check_function(
        "def f(x, device=torch.device('cuda:1')):\n    return x.to(device)\n",
        "def f(x, device=None):\n    if device is None:\n        device = torch.device(f'{current_device_type()}:1')\n"
        "    return x.to(device)\n",
    )


def test_each_parameter_of_a_function_is_worked_out_by_itself_in_their_order() -> None:
    check_function(
        "def f(x, device='cuda', *, out_device='cuda:1'):\n    return x.to(device).to(out_device)\n",
        "def f(x, device=None, *, out_device=None):\n    if device is None:\n        device = current_device_type()\n"
        "    if out_device is None:\n        out_device = f'{current_device_type()}:1'\n"
        "    return x.to(device).to(out_device)\n",
    )


def test_of_two_parameters_a_comment_may_keep_one() -> None:
    check_function(
        "def f(\n    x,\n    device='cuda',\n    out_device='cuda',  # cudafix: ignore[CFX201] -- the kernel's\n):\n"
        "    return x.to(device)\n",
        "def f(\n    x,\n    device=None,\n    out_device='cuda',  # cudafix: ignore[CFX201] -- the kernel's\n):\n"
        "    if device is None:\n        device = current_device_type()\n    return x.to(device)\n",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("str", "str | None"),
        ("str | torch.device", "str | torch.device | None"),
        ("'torch.device'", "'torch.device | None'"),
        ("str | None", "str | None"),
        ("Optional[str]", "Optional[str]"),
        ("Any", "Any"),
    ],
)
def test_the_annotation_takes_none_as_well(old: str, new: str) -> None:
    check_function(
        f"def f(x, device: {old} = 'cuda'):\n    return x.to(device)\n",
        f"def f(x, device: {new} = None):\n    if device is None:\n        device = current_device_type()\n"
        "    return x.to(device)\n",
    )


def test_the_annotation_says_optional_where_the_file_does() -> None:
    check_function(
        "from typing import Optional\ndef f(x, device: str = 'cuda'):\n    return x.to(device)\n",
        "from typing import Optional\ndef f(x, device: Optional[str] = None):\n    if device is None:\n"
        "        device = current_device_type()\n    return x.to(device)\n",
    )


def test_a_method_that_only_keeps_the_device_keeps_the_one_that_is_active() -> None:
    check_function(
        "class A:\n    def __init__(self, device='cuda'):\n        self.device = device\n",
        "class A:\n    def __init__(self, device=None):\n        if device is None:\n"
        "            device = current_device_type()\n        self.device = device\n",
    )


def test_a_backend_of_torch_distributed_is_worked_out_late_as_well() -> None:
    check_unsafe(
        "import torch.distributed as dist\ndef f(backend='nccl'):\n    dist.init_process_group(backend)\n",
        "import torch.distributed as dist\nfrom cudafix.runtime import distributed_backend\ndef f(backend=None):\n"
        "    if backend is None:\n        backend = distributed_backend()\n    dist.init_process_group(backend)\n",
        "gloo where there is none",
    )


def test_in_a_program_the_default_is_the_constant() -> None:
    source = "def f(x, device={0}):\n    return x.to(device).to({0})\nif __name__ == '__main__':\n    f(1)\n"
    check_unsafe(
        "import torch\n" + source.format("'cuda'"),
        f"{IMPORT}\nDEVICE_TYPE = current_device_type()\n{source.format('DEVICE_TYPE')}",
        "decided at import",
    )


def test_the_finding_says_what_to_do() -> None:
    (finding,) = findings_in("import torch\ndef f(x, device='cuda'):\n    return x.to(device)\n")
    assert finding.help == "make it None, and begin the function with `device = current_device_type()` for that"


# Fields


def test_a_field_of_a_dataclass_gets_a_factory() -> None:
    check_unsafe(
        "from dataclasses import dataclass\n\nimport torch\n@dataclass\nclass A:\n    device: str = 'cuda'\n",
        "from dataclasses import dataclass, field\n\nimport torch\nfrom cudafix.runtime import current_device_type\n"
        "@dataclass\nclass A:\n    device: str = field(default_factory=current_device_type)\n",
        ELSEWHERE,
    )


def test_a_field_says_where_its_factory_comes_from_as_the_decorator_does() -> None:
    check_unsafe(
        "import dataclasses\nimport torch\n@dataclasses.dataclass(frozen=True)\nclass A:\n    device: str = 'cuda:1'\n",
        "import dataclasses\nimport torch\nfrom cudafix.runtime import current_device_type\n"
        "@dataclasses.dataclass(frozen=True)\nclass A:\n"
        "    device: str = dataclasses.field(\n        default_factory=lambda: f'{current_device_type()}:1'\n    )\n",
        ELSEWHERE,
    )


def test_an_expression_around_the_name_becomes_the_body_of_a_lambda() -> None:
    check_unsafe(
        "from dataclasses import dataclass, field\n\nimport torch\n@dataclass\nclass A:\n"
        "    x: list = field(default_factory=list)\n    d: torch.device = torch.device('cuda')\n",
        "from dataclasses import dataclass, field\n\nimport torch\nfrom cudafix.runtime import current_device_type\n"
        "@dataclass\nclass A:\n    x: list = field(default_factory=list)\n"
        "    d: torch.device = field(default_factory=lambda: torch.device(current_device_type()))\n",
        ELSEWHERE,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("field(default='cuda', repr=False)", "field(default_factory=current_device_type, repr=False)"),
        ("field(metadata={}, default = 'cuda')", "field(metadata={}, default_factory = current_device_type)"),
        ("Field('cuda', description='x')", "Field(default_factory=current_device_type, description='x')"),
    ],
)
def test_a_field_that_is_described_already_gets_a_factory_for_its_default(old: str, new: str) -> None:
    source = (
        "import torch\n{}from dataclasses import field\nfrom pydantic import Field\nclass A(B):\n    device: str = {}\n"
    )
    own = "from cudafix.runtime import current_device_type\n"
    check_unsafe(source.format("", old), source.format(own, new), ELSEWHERE)


def test_a_field_of_a_model_of_pydantic_gets_a_factory() -> None:
    check_unsafe(
        "import torch\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    device: str = 'cuda'\n",
        "import torch\nfrom cudafix.runtime import current_device_type\nfrom pydantic import BaseModel, Field\n"
        "class A(BaseModel):\n    device: str = Field(default_factory=current_device_type)\n",
        ELSEWHERE,
    )


@pytest.mark.parametrize(
    "field",
    ["class A:\n    device: str = {}", "class A(NamedTuple):\n    device: str = {}", "class A:\n    device = {}"]
    + [f"@dataclass\nclass A:\n    device: {one}[str] = {{}}" for one in ("ClassVar", "InitVar")],
)
def test_a_field_that_takes_no_factory_is_neutral_where_the_file_asks_at_import_anyhow(field: str) -> None:
    source = f"import torch\n{{}}from dataclasses import dataclass\ntorch.cuda.synchronize()\n{field}\n"
    own = "from cudafix.runtime import current_device_type\n"
    check_unsafe(source.format("", "'cuda'"), source.format(own, "current_device_type()"), "decided at import")
    stays = f"import torch\nfrom dataclasses import dataclass\n{field}\n"
    check_stays(stays.format("'cuda'"), "it would ask the driver when the module is imported")


@pytest.mark.parametrize("value", ["'cuda'", "torch.device('cuda:0')", "functools.partial(make, device='cuda')"])
def test_a_constant_of_a_library_stays(value: str) -> None:
    check_stays(f"import functools, torch\nDEVICE = {value}\n", "it would ask the driver when the module is imported")


def test_a_constant_of_a_program_is_neutral() -> None:
    check_unsafe(
        "import torch\ndevice = torch.device('cuda')\nif __name__ == '__main__':\n    print(device)\n",
        f"{IMPORT}device = torch.device(current_device_type())\nif __name__ == '__main__':\n    print(device)\n",
        "decided at import",
    )


# Several devices in one default


def test_a_default_with_two_devices_is_worked_out_once() -> None:
    check_function(
        "def f(devices=['cuda:0', 'cuda:1']):\n    return run(devices)\n",
        "def f(devices=None):\n    if devices is None:\n"
        "        devices = [f'{current_device_type()}:0', f'{current_device_type()}:1']\n    return run(devices)\n",
    )


# What an annotation may say


@pytest.mark.parametrize(
    ("python", "head", "old", "new"),
    [
        (">=3.10", "", "str", "str | None"),
        (">=3.9", "", "str", "str"),
        (">=3.9", "from __future__ import annotations\n", "str", "str | None"),
        (">=3.9", "from typing import Optional\n", "str", "Optional[str]"),
        (">=3.9", "import typing\n", "str", "typing.Optional[str]"),
        (">=3.9", "def g(x: int | None): ...\n", "str", "str | None"),
        (">=3.9", "", "'str'", "'str'"),
        ("", "", "str", "str"),
        (">=3.10", "", "Annotated[str, note]", "Annotated[str | None, note]"),
    ],
)
def test_it_says_none_as_the_oldest_python_can(python: str, head: str, old: str, new: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "a"\nrequires-python = "{python}"\n' if python else "")
    before = f"{head}import torch\ndef f(x, device: {old} = 'cuda'):\n    return x.to(device)\n"
    settings = replace(checks.options(**DEVICES), root=tmp_path)
    result = process(Source("example.py", before.encode()), settings, Work(Mode.FIX, unsafe=True))
    assert result.new_bytes is not None
    assert f"\ndef f(x, device: {new} = None):\n    if device is None:\n" in result.new_bytes.decode()


# Vocabularies of a project's own


@pytest.mark.parametrize(
    "asks",
    [
        "assert self.device in ['cuda', 'ascend', 'maca']",
        "assert self.device in ('cuda', 'npu')",
        "if self.device == 'gpu': run()",
        "if self.device not in {'cuda', 'xpu'}: raise ValueError(self.device)",
    ],
)
def test_a_default_stays_that_is_asked_for_words_of_the_projects_own(asks: str) -> None:
    check_stays(
        f"import torch\nfrom dataclasses import dataclass\n@dataclass\nclass C:\n    device: str = 'cuda'\n"
        f"    def __post_init__(self):\n        {asks}\n",
        "line 7 asks the same name for words of the project's own",
    )


@pytest.mark.parametrize("asks", ["device == 'cpu'", "device in ('cuda', 'cpu')", "device == 'cuda:0'", "x == 'gpu'"])
def test_a_default_that_is_compared_with_devices_is_worked_out_late(asks: str) -> None:
    check_function(
        f"def f(x, device='cuda'):\n    if {asks}:\n        run()\n    return x.to(device)\n",
        f"def f(x, device=None):\n    if device is None:\n        device = current_device_type()\n"
        f"    if {asks}:\n        run()\n    return x.to(device)\n",
    )


# Torch that may be missing


def test_a_device_stays_where_torch_is_imported_in_a_try_alone() -> None:
    check_stays(
        """
        import time
        class Monitor:
            def __init__(self, device="cuda:0"):
                self.device = device
                try:
                    import torch
                    self.name = torch.cuda.get_device_name(0)
                except Exception:
                    self.name = "unknown"
        """,
        "torch is imported in a `try` alone, and may be missing here",
    )


def test_inside_the_try_it_is_there() -> None:
    check_unsafe(
        """
        def move(x):
            try:
                import torch
                return torch.ones(1, device="cuda")
            except ImportError:
                return x
        """,
        """
        def move(x):
            try:
                import torch
                from cudafix.runtime import current_device_type
                return torch.ones(1, device=current_device_type())
            except ImportError:
                return x
        """,
        ELSEWHERE,
    )


def test_a_field_of_attrs_gets_a_factory_by_its_own_word() -> None:
    check_function(
        "import attrs\n@attrs.define\nclass C:\n    device: str = attrs.field(default='cuda')\n",
        "import attrs\n@attrs.define\nclass C:\n    device: str = attrs.field(factory=current_device_type)\n",
    )
