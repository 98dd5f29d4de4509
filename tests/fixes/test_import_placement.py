"""Where a new import goes in a module: beside the file's own import of torch, in the order of its section."""

from __future__ import annotations

from checks import check_fixes

# Behind torch


def test_the_import_comes_right_behind_that_of_torch() -> None:
    check_fixes(
        """
        import torch

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_it_stays_behind_all_imports_of_torch_in_a_row() -> None:
    check_fixes(
        """
        import os
        import torch
        import torch.nn as nn
        from torch.optim import SGD
        from texttable import Texttable

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import os
        import torch
        import torch.nn as nn
        from torch.optim import SGD
        from cudafix.runtime import synchronize_device
        from texttable import Texttable

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_few_imports_are_in_order_by_chance_and_it_stays_below_the_standard_library() -> None:
    check_fixes(
        """
        from struct import pack
        import torch
        from torch._C import device

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        from struct import pack
        import torch
        from torch._C import device
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_relative_import_above_others_is_no_order() -> None:
    check_fixes(
        """
        from .client import Client
        from io import BytesIO
        from PIL import Image
        import time
        import torch

        torch.cuda.synchronize()
        """,
        """
        from .client import Client
        from io import BytesIO
        from PIL import Image
        import time
        from cudafix.runtime import synchronize_device

        synchronize_device()
        """,
    )


def test_it_stays_behind_the_docstring_and_the_future_import() -> None:
    check_fixes(
        '''
        #!/usr/bin/env python
        """What the module does."""
        from __future__ import annotations

        import torch
        torch.cuda.synchronize()
        x = torch.ones(1)
        ''',
        '''
        #!/usr/bin/env python
        """What the module does."""
        from __future__ import annotations

        import torch
        from cudafix.runtime import synchronize_device
        synchronize_device()
        x = torch.ones(1)
        ''',
    )


def test_it_stays_below_the_environment_variables_that_torch_reads() -> None:
    check_fixes(
        """
        import os
        os.environ["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"
        import torch
        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import os
        os.environ["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"
        import torch
        from cudafix.runtime import synchronize_device
        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_it_stays_below_a_change_of_the_search_path() -> None:
    check_fixes(
        """
        import sys
        sys.path.insert(0, "..")

        import torch

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import sys
        sys.path.insert(0, "..")

        import torch
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_it_takes_the_place_of_an_import_of_torch_that_goes() -> None:
    check_fixes(
        """
        import os

        import torch

        from . import config

        torch.cuda.synchronize()
        """,
        """
        import os

        from cudafix.runtime import synchronize_device

        from . import config

        synchronize_device()
        """,
    )


def test_the_first_of_several_imports_of_torch_counts() -> None:
    check_fixes(
        """
        import torch
        x = torch.ones(1)
        import torch
        torch.cuda.synchronize()
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        x = torch.ones(1)
        import torch
        synchronize_device()
        """,
    )


# In the order of the section


def test_it_is_sorted_in_among_from_imports() -> None:
    check_fixes(
        """
        import torch
        from accelerate import Accelerator
        from transformers import pipeline

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from accelerate import Accelerator
        from cudafix.runtime import synchronize_device
        from transformers import pipeline

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_plain_imports_come_before_it_where_the_file_has_them_first() -> None:
    check_fixes(
        """
        import numpy
        import torch
        import transformers

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import numpy
        import torch
        import transformers
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_a_section_sorted_by_module_alone_stays_so() -> None:
    check_fixes(
        """
        from accelerate import Accelerator
        import numpy
        import torch

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        from accelerate import Accelerator
        from cudafix.runtime import synchronize_device
        import numpy
        import torch

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_in_an_unsorted_section_it_follows_torch() -> None:
    check_fixes(
        """
        import torch
        import numpy
        import accelerate

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        import numpy
        import accelerate

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_it_keeps_to_the_section_of_torch() -> None:
    check_fixes(
        """
        import os
        from pathlib import Path

        import torch
        from torch import nn

        from .layers import attention

        torch.cuda.synchronize()
        x = nn.Linear(1, 1), torch.ones(1)
        """,
        """
        import os
        from pathlib import Path

        import torch
        from cudafix.runtime import synchronize_device
        from torch import nn

        from .layers import attention

        synchronize_device()
        x = nn.Linear(1, 1), torch.ones(1)
        """,
    )


def test_it_joins_the_section_that_imports_from_cudafix_already() -> None:
    check_fixes(
        """
        import torch

        from cudafix.catalogue.table import ROWS

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch

        from cudafix.catalogue.table import ROWS
        from cudafix.runtime import synchronize_device

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_the_comment_above_the_next_import_stays_with_it() -> None:
    check_fixes(
        """
        import torch
        # Registers the kernels.
        from vendor import kernels

        torch.cuda.synchronize()
        x = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import synchronize_device
        # Registers the kernels.
        from vendor import kernels

        synchronize_device()
        x = torch.ones(1)
        """,
    )


def test_two_modules_are_imported_in_their_order() -> None:
    check_fixes(
        """
        from torch import cuda
        count = cuda.device_count()
        cuda.manual_seed(0)
        """,
        """
        from cudafix.runtime import manual_seed_device
        from torch import accelerator
        count = accelerator.device_count()
        manual_seed_device(0)
        """,
        route="accelerator",
        target_torch="2.8",
    )


def test_a_comment_between_the_imports_of_a_section_does_not_end_it() -> None:
    check_fixes(
        """
        import torch

        # Adapted from somewhere
        import torch.nn.functional as F
        from torch import nn

        layer = nn.Linear(torch.cuda.memory_allocated(), 1), F, torch.ones
        """,
        """
        import torch

        # Adapted from somewhere
        import torch.nn.functional as F
        from cudafix.runtime import device_memory_allocated
        from torch import nn

        layer = nn.Linear(device_memory_allocated(), 1), F, torch.ones
        """,
    )
