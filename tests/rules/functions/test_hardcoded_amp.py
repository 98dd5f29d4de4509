"""CFX110: mixed precision of one backend."""

from __future__ import annotations

import pytest
from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe


def test_leaves_torch_amp_alone() -> None:
    check_noop("import torch\nwith torch.amp.autocast('cpu'): ...\n")


def test_positional_arguments_keep_their_order() -> None:
    check_fixes(
        """
        import torch
        with torch.cuda.amp.autocast(False, torch.bfloat16):
            step()
        """,
        """
        import torch
        from cudafix.runtime import device_autocast
        with device_autocast(False, torch.bfloat16):
            step()
        """,
    )


def test_a_decorator_is_rewritten() -> None:
    check_fixes(
        """
        import torch
        @torch.cuda.amp.autocast()
        def forward(x): return torch.relu(x)
        """,
        """
        import torch
        from cudafix.runtime import device_autocast
        @device_autocast()
        def forward(x): return torch.relu(x)
        """,
        unsafe=True,
    )


def test_an_import_goes_with_its_last_use() -> None:
    check_fixes(
        """
        import torch.nn
        from torch.cuda.amp import autocast
        with autocast():
            torch.nn.Linear(1, 1)
        """,
        """
        import torch.nn
        from cudafix.runtime import device_autocast
        with device_autocast():
            torch.nn.Linear(1, 1)
        """,
        unsafe=True,
    )


def test_a_scaler_is_unsafe_because_it_is_of_another_class() -> None:
    check_unsafe(
        """
        import torch
        scaler = torch.cuda.amp.GradScaler(2.0**10, enabled=torch.is_grad_enabled())
        """,
        """
        import torch
        from cudafix.runtime import device_grad_scaler
        scaler = device_grad_scaler(2.0**10, enabled=torch.is_grad_enabled())
        """,
        "no instance of torch.cuda.amp.GradScaler",
    )


def test_the_class_of_autocast_as_a_value_stays() -> None:
    check_stays("import torch\nKINDS = [torch.cuda.amp.autocast]\n", "is a function")


def test_an_annotation_of_autocast_stays() -> None:
    check_stays("import torch\ndef f(s: torch.cuda.amp.autocast): ...\n", "an annotation needs a type")


@pytest.mark.parametrize("use", ["def f(s: {}): ...", "def f(s):\n    return isinstance(s, {})", "KINDS = [{}]"])
def test_the_class_of_scalers_is_the_one_that_all_backends_share(use: str) -> None:
    check_unsafe(
        f"import torch\n{use.format('torch.cuda.amp.GradScaler')}\n",
        f"import torch\n{use.format('torch.amp.GradScaler')}\n",
        "it names the common base class of all backends' own",
    )


def test_what_asks_for_the_class_of_a_scaler_goes_with_what_makes_one() -> None:
    check_unsafe(
        """
        import torch
        class Trainer:
            scaler: torch.cuda.amp.GradScaler
            def __init__(self):
                self.scaler = torch.cuda.amp.GradScaler()
            def scales(self):
                return isinstance(self.scaler, torch.cuda.amp.GradScaler)
        """,
        """
        import torch
        from cudafix.runtime import device_grad_scaler
        class Trainer:
            scaler: torch.amp.GradScaler
            def __init__(self):
                self.scaler = device_grad_scaler()
            def scales(self):
                return isinstance(self.scaler, torch.amp.GradScaler)
        """,
        "makes a torch.amp.GradScaler",
    )


def test_a_scaler_stays_with_a_class_of_its_own() -> None:
    check_stays(
        """
        import torch
        class Scaler(torch.cuda.amp.GradScaler): ...
        def make():
            return torch.cuda.amp.GradScaler()
        """,
        "`torch.cuda.amp.GradScaler` on line 2 stays",
    )


def test_an_import_that_is_tried_asks_whether_torch_has_it() -> None:
    check_stays(
        """
        try:
            from torch.cuda.amp import GradScaler
        except ImportError:
            GradScaler = None
        def make():
            return GradScaler(enabled=True)
        """,
        "the import is tried, to find out whether torch has it",
    )


def test_the_bare_decorators_are_unsafe() -> None:
    check_unsafe(
        """
        import torch
        class F(torch.autograd.Function):
            @staticmethod
            @torch.cuda.amp.custom_fwd
            def forward(ctx, x): ...
            @staticmethod
            @torch.cuda.amp.custom_bwd
            def backward(ctx, g): ...
        """,
        """
        import torch
        from cudafix.runtime import amp_custom_bwd, amp_custom_fwd
        class F(torch.autograd.Function):
            @staticmethod
            @amp_custom_fwd
            def forward(ctx, x): ...
            @staticmethod
            @amp_custom_bwd
            def backward(ctx, g): ...
        """,
        "decided when the decorator runs",
    )


def test_the_module_itself_is_found_where_it_is_a_value() -> None:
    check_finds("import torch\namp = torch.cuda.amp\n", "2 CFX110 torch.cuda.amp")


# torch.amp, told to work on CUDA

TYPE = "from cudafix.runtime import autocast_device_type\n"
AMP = "import torch\nfrom torch.amp import autocast\n"


@pytest.mark.parametrize(
    "source",
    [
        "torch.autocast('cpu')",
        "torch.autocast(device_type=device.type)",
        "torch.autocast('xpu', torch.bfloat16)",
        "torch.amp.GradScaler('cpu')",
        "torch.amp.GradScaler(device)",
        "torch.amp.custom_fwd(device_type='xpu')",
        "torch.get_autocast_dtype('cpu')",
        "torch.is_autocast_enabled('cpu')",
        "def autocast(kind): ...\nautocast('cuda')",
    ],
)
def test_leaves_other_devices_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


def test_leaves_a_branch_for_cuda_to_the_rule_for_branches() -> None:
    source = "import torch\nif device.type == 'cuda':\n    torch.autocast('cuda')\n"
    check_noop(source, select=["CFX110", "CFX201"], ignore=[])
    check_finds(source, "3 CFX305 ", select=["CFX305"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("torch.autocast('cuda')", "torch.autocast(autocast_device_type())"),
        ("torch.autocast(device_type='cuda')", "torch.autocast(device_type=autocast_device_type())"),
        ("torch.autocast('cuda', d, False)", "torch.autocast(autocast_device_type(), d, False)"),
        ("torch.autocast('cuda', enabled=x)", "torch.autocast(autocast_device_type(), enabled=x)"),
        ("torch.autocast(dtype=d, device_type='cuda')", "torch.autocast(dtype=d, device_type=autocast_device_type())"),
        ("torch.autocast(\n    'cuda',\n    d,\n)", "torch.autocast(\n    autocast_device_type(),\n    d,\n)"),
        ("torch.amp.autocast_mode.autocast('cuda')", "torch.amp.autocast_mode.autocast(autocast_device_type())"),
    ],
)
def test_autocast_on_cuda_is_given_the_type_that_it_works_on(old: str, new: str) -> None:
    source = "import torch\n{}def f(x, d):\n    with {}:\n        return torch.relu(x)\n"
    check_fixes(
        source.format("", old.replace("\n", "\n    ")), source.format(TYPE, new.replace("\n", "\n    ")), unsafe=True
    )


def test_autocast_is_a_decorator_or_a_value_as_well() -> None:
    source = "import torch\n{0}context = {1}\n@{1}\ndef f(x):\n    return torch.relu(x)\n"
    check_fixes(
        source.format("", "torch.autocast('cuda', torch.bfloat16)"),
        source.format(TYPE, "torch.autocast(autocast_device_type(), torch.bfloat16)"),
        unsafe=True,
    )


def test_autocast_under_another_name_keeps_it() -> None:
    source = "import torch\n{}from torch import autocast as cast\nwith cast({}, d):\n    torch.sum(x)\n"
    check_fixes(source.format("", "'cuda'"), source.format(TYPE, "autocast_device_type()"), unsafe=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("GradScaler()", "device_grad_scaler()"),
        ("GradScaler('cuda')", "device_grad_scaler()"),
        ("GradScaler(device='cuda', enabled=x)", "device_grad_scaler(enabled=x)"),
        ("GradScaler('cuda', 2.0**10, 2.0)", "device_grad_scaler(init_scale=2.0**10, growth_factor=2.0)"),
        ("GradScaler(enabled=x)", "device_grad_scaler(enabled=x)"),
    ],
)
def test_the_scaler_of_torch_amp_works_on_cuda_where_it_is_told_nothing_else(old: str, new: str) -> None:
    source = "import torch\n{}x = torch.ones(1)\nscaler = {}\n"
    check_fixes(
        source.format("", f"torch.amp.{old}"),
        source.format("from cudafix.runtime import device_grad_scaler\n", new),
        unsafe=True,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("custom_fwd(device_type='cuda')", "amp_custom_fwd"),
        ("custom_fwd(device_type='cuda', cast_inputs=torch.float16)", "amp_custom_fwd(cast_inputs=torch.float16)"),
        ("custom_bwd(device_type='cuda')", "amp_custom_bwd"),
    ],
)
def test_the_decorators_of_torch_amp_lose_the_device(old: str, new: str) -> None:
    source = "import torch\n{}@{}\ndef forward(ctx, x):\n    return torch.relu(x)\n"
    own = f"from cudafix.runtime import {new.partition('(')[0]}\n"
    check_unsafe(source.format("", f"torch.amp.{old}"), source.format(own, new), "when the decorator runs")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("torch.get_autocast_gpu_dtype()", "torch.get_autocast_dtype(current_device_type())"),
        ("torch.set_autocast_gpu_dtype(x)", "torch.set_autocast_dtype(current_device_type(), x)"),
        ("torch.set_autocast_enabled(True)", "torch.set_autocast_enabled(current_device_type(), True)"),
    ],
)
def test_what_speaks_of_cuda_without_a_word_is_told_the_active_device(old: str, new: str) -> None:
    check_unsafe(
        f"import torch\nx = {old}\n",
        f"import torch\nfrom cudafix.runtime import current_device_type\nx = {new}\n",
        "also speaks of other accelerators",
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("torch.autocast('cuda', **options)", "cannot be seen"),
        ("x = torch.is_autocast_enabled()", "torch 2.4 has no answer for MPS"),
        ("torch.amp.GradScaler('cuda', *options)", "cannot be seen"),
        ("try:\n    f()\nexcept TypeError:\n    torch.get_autocast_gpu_dtype()", "a torch that takes no device"),
        ("@torch.jit.script\ndef f(x):\n    with torch.autocast('cuda'):\n        return x", "TorchScript"),
    ],
)
def test_a_call_that_cannot_be_told_otherwise_stays(source: str, reason: str) -> None:
    check_stays(f"import torch\n{source}\n", reason)


def test_a_device_that_amp_is_given_is_one_finding_and_not_two() -> None:
    check_finds("import torch\ntorch.autocast('cuda')\n", "2 CFX110 ", select=["CFX"], ignore=[])


def test_the_function_that_the_project_names_for_autocast_is_called() -> None:
    check_fixes(
        "import torch\nwith torch.autocast('cuda', torch.bfloat16):\n    torch.ones(1)\n",
        "import torch\n\nfrom mine.amp import cast\nwith cast(dtype=torch.bfloat16):\n    torch.ones(1)\n",
        targets={"torch.cuda.amp.autocast": "mine.amp.cast"},
        unsafe=True,
    )
