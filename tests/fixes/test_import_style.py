"""What a new import looks like: a name a line where the file does so, wrapped as black does, with what linters ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_fixes
from projects import in_project

# One import a name


def test_a_file_with_an_import_a_name_gets_an_import_a_name() -> None:
    check_fixes(
        """
        import torch
        from typing import Any
        from typing import Optional

        torch.cuda.synchronize()
        torch.cuda.device_count()
        x: Optional[Any] = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import count_devices
        from cudafix.runtime import synchronize_device
        from typing import Any
        from typing import Optional

        synchronize_device()
        count_devices()
        x: Optional[Any] = torch.ones(1)
        """,
    )


def test_an_import_of_the_same_module_is_not_extended_there_but_followed_in_order() -> None:
    check_fixes(
        """
        import torch
        from cudafix.runtime import count_devices
        from cudafix.runtime import use_stream

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import count_devices
        from cudafix.runtime import synchronize_device
        from cudafix.runtime import use_stream

        synchronize_device()
        x = torch.ones(1)
        """,
    )


# New imports


def test_a_long_import_is_wrapped_with_a_trailing_comma() -> None:
    check_fixes(
        """
        import torch

        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
        torch.cuda.max_memory_allocated()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import (
            max_device_memory_allocated,
            reset_peak_device_memory_stats,
            synchronize_device,
        )

        reset_peak_device_memory_stats()
        synchronize_device()
        max_device_memory_allocated()
        x = torch.ones(1)
        """,
    )


def test_the_indent_counts_when_an_import_is_wrapped() -> None:
    check_fixes(
        """
        def peak():
            import torch
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.max_memory_allocated()
            return torch.ones(1)
        """,
        """
        def peak():
            import torch
            from cudafix.runtime import (
                max_device_memory_allocated,
                reset_peak_device_memory_stats,
            )
            reset_peak_device_memory_stats()
            max_device_memory_allocated()
            return torch.ones(1)
        """,
    )


def test_an_alias_stands_on_a_line_of_its_own() -> None:
    check_fixes(
        """
        import torch

        count_devices = torch.cuda.device_count()
        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import count_devices as neutral_count_devices
        from cudafix.runtime import synchronize_device

        count_devices = neutral_count_devices()
        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_alias_stands_among_the_names_where_the_file_writes_it_so() -> None:
    check_fixes(
        """
        import torch
        from accelerate import Accelerator, infer_auto_device_map as device_map

        count_devices = torch.cuda.device_count()
        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from accelerate import Accelerator, infer_auto_device_map as device_map
        from cudafix.runtime import count_devices as neutral_count_devices, synchronize_device

        count_devices = neutral_count_devices()
        synchronize_device()
        x = torch.ones(1)
        """,
    )


# Late imports


def test_an_import_below_other_code_says_so_to_linters() -> None:
    check_fixes(
        """
        import logging
        logger = logging.getLogger(__name__)

        import torch  # noqa: E402

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import logging
        logger = logging.getLogger(__name__)

        import torch  # noqa: E402
        from cudafix.runtime import synchronize_device  # noqa: E402

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_one_that_takes_the_place_of_another_says_no_more_than_that() -> None:
    check_fixes(
        """
        import logging
        logger = logging.getLogger(__name__)
        import torch

        torch.cuda.synchronize()
        """,
        """
        import logging
        logger = logging.getLogger(__name__)
        from cudafix.runtime import synchronize_device

        synchronize_device()
        """,
    )


def test_a_wrapped_one_says_it_on_its_first_line() -> None:
    check_fixes(
        """
        import logging
        logger = logging.getLogger(__name__)
        import torch

        torch.cuda.reset_peak_memory_stats()
        torch.cuda.max_memory_allocated()
        x = torch.ones(1)
        """,
        """
        import logging
        logger = logging.getLogger(__name__)
        import torch
        from cudafix.runtime import (  # noqa: E402
            max_device_memory_allocated,
            reset_peak_device_memory_stats,
        )

        reset_peak_device_memory_stats()
        max_device_memory_allocated()
        x = torch.ones(1)
        """,
    )


def test_code_that_prepares_imports_does_not_make_them_late() -> None:
    check_fixes(
        """
        import os
        import sys
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        sys.path.append("..")
        if sys.platform == "win32":
            print("not tested")
        import torch

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import os
        import sys
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        sys.path.append("..")
        if sys.platform == "win32":
            print("not tested")
        import torch
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_an_import_beside_one_that_says_it_is_late_says_it_too() -> None:
    check_fixes(
        """
        import sys
        sys.path.append("..")
        import torch  # noqa: E402

        torch.cuda.synchronize()
        """,
        """
        import sys
        sys.path.append("..")
        from cudafix.runtime import synchronize_device  # noqa: E402

        synchronize_device()
        """,
    )


def test_an_import_in_a_function_is_never_late() -> None:
    check_fixes(
        """
        def wait():
            print("waiting")
            import torch
            torch.cuda.synchronize()
            return torch.ones(1)
        """,
        """
        def wait():
            print("waiting")
            import torch
            from cudafix.runtime import synchronize_device
            synchronize_device()
            return torch.ones(1)
        """,
    )


SIX = ["synchronize", "empty_cache", "reset_peak_memory_stats", "max_memory_allocated", "memory_stats"]
WRAPPED = {
    'profile = "django"': """from cudafix.runtime import (
    device_memory_stats, empty_device_cache, max_device_memory_allocated,
    reset_peak_device_memory_stats, synchronize_device,
)
""",
    "src_paths = []": """from cudafix.runtime import (device_memory_stats, empty_device_cache,
                             max_device_memory_allocated,
                             reset_peak_device_memory_stats,
                             synchronize_device)
""",
    'profile = "pycharm"': """from cudafix.runtime import (
    device_memory_stats,
    empty_device_cache,
    max_device_memory_allocated,
    reset_peak_device_memory_stats,
    synchronize_device
)
""",
}


@pytest.mark.parametrize(("settings", "wrapped"), WRAPPED.items())
def test_a_new_import_is_wrapped_as_isort_wraps_it(tmp_path: Path, settings: str, wrapped: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.isort]\n{settings}\n", encoding="utf-8")
    calls = "".join(f"torch.cuda.{one}()\n" for one in SIX)
    assert wrapped in in_project(tmp_path, "a.py", f"import torch\n\n{calls}")


def test_without_settings_it_is_wrapped_as_the_file_wraps(tmp_path: Path) -> None:
    calls = "".join(f"torch.cuda.{one}()\n" for one in SIX)
    own = "from collections import (ChainMap, Counter,\n                         OrderedDict)\n"
    now = in_project(tmp_path, "a.py", f"{own}\nimport torch\n\n{calls}print(ChainMap, Counter, OrderedDict)\n")
    assert "from cudafix.runtime import (device_memory_stats, empty_device_cache," in now
