"""Where the neutral functions come from: a runtime module of the project's own, or torch itself on the native route."""

from __future__ import annotations

from checks import check_fixes

# A runtime module of the project's own


def test_a_module_of_the_project_joins_the_others_of_its_package() -> None:
    check_fixes(
        """
        import torch

        from mypkg.config import Config
        from mypkg.worker import Worker

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch

        from mypkg.config import Config
        from mypkg.device import synchronize_device
        from mypkg.worker import Worker

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


def test_it_finds_its_place_in_a_package_that_comments_divide() -> None:
    check_fixes(
        """
        import torch

        from mypkg.attention import Attention

        # Configuration
        from mypkg.config import Config

        # Work
        from mypkg.worker import Worker

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch

        from mypkg.attention import Attention

        # Configuration
        from mypkg.config import Config
        from mypkg.device import synchronize_device

        # Work
        from mypkg.worker import Worker

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


def test_in_a_package_that_is_not_sorted_it_comes_last() -> None:
    check_fixes(
        """
        import torch

        from mypkg.worker import Worker
        from mypkg.config import Config

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch

        from mypkg.worker import Worker
        from mypkg.config import Config
        from mypkg.device import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


def test_without_such_imports_it_gets_a_section_behind_that_of_torch() -> None:
    check_fixes(
        """
        import os

        import torch

        from . import worker

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import os

        import torch

        from mypkg.device import synchronize_device

        from . import worker

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


def test_that_section_takes_the_place_of_torch_where_torch_goes() -> None:
    check_fixes(
        """
        import os

        import torch

        from . import worker

        torch.cuda.synchronize()
        """,
        """
        import os

        from mypkg.device import synchronize_device

        from . import worker

        synchronize_device()
        """,
        runtime_module="mypkg.device",
    )


def test_it_joins_a_second_section_of_installed_packages_which_is_the_projects() -> None:
    check_fixes(
        """
        import torch

        from tests.tools import run

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch

        from mypkg.device import synchronize_device
        from tests.tools import run

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


def test_in_a_block_without_sections_it_follows_the_order_of_the_block() -> None:
    check_fixes(
        """
        import os
        import torch
        from transformers import pipeline

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import os
        import torch
        from mypkg.device import synchronize_device
        from transformers import pipeline

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


def test_torch_in_one_import_with_the_standard_library_makes_no_section_of_its_own() -> None:
    check_fixes(
        "import os, torch\nos.nice(torch.cuda.memory_allocated())\n",
        "import os\nfrom mypkg.device import device_memory_allocated\nos.nice(device_memory_allocated())\n",
        runtime_module="mypkg.device",
    )


def test_a_module_of_the_project_that_the_file_imports_from_is_extended() -> None:
    check_fixes(
        """
        import torch

        from mypkg.device import count_devices

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch

        from mypkg.device import count_devices, synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
        runtime_module="mypkg.device",
    )


# The native route


def test_the_native_form_needs_no_import_where_torch_is_imported() -> None:
    check_fixes(
        "import torch\ncount = torch.cuda.device_count()\n",
        "import torch\ncount = torch.accelerator.device_count()\n",
        route="accelerator",
        target_torch="2.8",
    )


def test_the_native_form_uses_the_alias_of_torch() -> None:
    check_fixes(
        "import torch as t\ncount = t.cuda.device_count()\n",
        "import torch as t\ncount = t.accelerator.device_count()\n",
        route="accelerator",
        target_torch="2.8",
    )


def test_the_native_form_joins_an_import_from_torch() -> None:
    check_fixes(
        "from torch import cuda, nn\ncount = cuda.device_count() + nn.Linear(1, 1)\n",
        "from torch import accelerator, nn\ncount = accelerator.device_count() + nn.Linear(1, 1)\n",
        route="accelerator",
        target_torch="2.8",
        unsafe=True,
    )


def test_what_an_older_torch_lacks_comes_from_the_runtime() -> None:
    check_fixes(
        """
        import torch
        count = torch.cuda.device_count()
        """,
        """
        from cudafix.runtime import count_devices
        count = count_devices()
        """,
        route="accelerator",
        target_torch="2.5",
    )
