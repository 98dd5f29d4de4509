"""CFX112: the module of one backend as a value."""

from __future__ import annotations

from checks import check_finds, check_noop, check_unsafe


def test_leaves_an_import_of_the_module_alone() -> None:
    check_noop("import torch.cuda\nimport torch.cuda as tc\nfrom torch import cuda\n")


def test_leaves_the_device_module_alone() -> None:
    check_noop("import torch\nmodule = torch.get_device_module()\n")


def test_a_stored_module_and_what_is_called_on_it_are_found() -> None:
    check_finds(
        """
        import torch
        cuda = torch.cuda
        cuda.synchronize()
        """,
        "2 CFX112 torch.cuda",
        "3 CFX104 torch.cuda.synchronize",
    )


def test_the_active_backends_module_takes_its_place() -> None:
    check_unsafe(
        """
        import torch
        def module():
            return torch.cuda, torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def module():
            return device_module(), torch.ones(1)
        """,
        "the module of the backend that is active when this line runs",
    )


def test_a_local_variable_of_the_same_name_makes_an_alias() -> None:
    check_unsafe(
        """
        import torch
        def module():
            device_module = torch.cuda
            return device_module, torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module as neutral_device_module
        def module():
            device_module = neutral_device_module()
            return device_module, torch.ones(1)
        """,
        "the module of the backend that is active",
    )
