"""What a fix would say twice is said once."""

from __future__ import annotations

from checks import check_fixes, check_unsafe


def test_different_classes_stay_side_by_side() -> None:
    check_fixes(
        "import torch\ntry: ...\nexcept (torch.cuda.OutOfMemoryError, torch.cuda.AcceleratorError, OSError): ...\n",
        "import torch\ntry: ...\nexcept (torch.OutOfMemoryError, torch.AcceleratorError, OSError): ...\n",
        target_torch="2.8",
    )


def test_a_class_is_caught_once() -> None:
    check_fixes(
        "import torch\ntry: ...\nexcept (torch.cuda.OutOfMemoryError, torch.OutOfMemoryError): ...\n",
        "import torch\ntry: ...\nexcept torch.OutOfMemoryError: ...\n",
    )


def test_the_others_stay_as_they_are() -> None:
    check_fixes(
        "import torch\ntry: ...\nexcept (OSError, torch.OutOfMemoryError, torch.cuda.OutOfMemoryError): ...\n",
        "import torch\ntry: ...\nexcept (OSError, torch.OutOfMemoryError): ...\n",
    )


def test_a_class_is_asked_for_once() -> None:
    check_fixes(
        "import torch\nx = isinstance(e, (torch.cuda.OutOfMemoryError, torch.OutOfMemoryError, KeyError))\n",
        "import torch\nx = isinstance(e, (torch.OutOfMemoryError, KeyError))\n",
    )


def test_a_union_of_one_type_is_that_type() -> None:
    check_unsafe(
        "import torch\nfrom typing import Union\ndef f(s: Union[torch.cuda.Stream, torch.Stream]): ...\n",
        "import torch\ndef f(s: torch.Stream): ...\n",
        "it names the common base class",
    )


def test_so_is_one_that_is_written_with_a_bar() -> None:
    check_unsafe(
        "import torch\ndef f(s: torch.cuda.Stream | torch.xpu.Stream): ...\n",
        "import torch\ndef f(s: torch.Stream): ...\n",
        "it names the common base class",
    )
