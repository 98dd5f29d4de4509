"""CFX110: mixed precision of one backend."""

from __future__ import annotations

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


def test_the_class_as_a_value_stays() -> None:
    check_stays("import torch\nKINDS = [torch.cuda.amp.GradScaler]\n", "is a function")


def test_an_annotation_stays() -> None:
    check_stays("import torch\ndef f(s: torch.cuda.amp.GradScaler): ...\n", "an annotation needs a type")


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
