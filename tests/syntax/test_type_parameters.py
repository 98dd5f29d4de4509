"""The scope of type parameters, `def f[T](x: T)`: around the signature, inside of the defaults and decorators."""

from __future__ import annotations

import pytest
from checks import check_finds, check_noop


@pytest.mark.parametrize("parameter", ["torch", "*torch", "**torch", "torch: int", "torch = object"])
def test_leaves_a_type_parameter_alone(parameter: str) -> None:
    check_noop(
        f"""
        import torch
        def wait[{parameter}](stream: torch.cuda.Stream) -> torch.cuda.Event:
            return torch.cuda.current_stream()
        class Stream[{parameter}](torch.cuda.Stream):
            event: torch.cuda.Event
        type Event[{parameter}] = torch.cuda.Event
        """
    )


def test_a_default_value_belongs_outside_the_type_parameters() -> None:
    check_finds("import torch\ndef run[torch](n=torch.cuda.device_count()): ...\n", "2 CFX105 torch.cuda.device_count")


def test_a_decorator_belongs_outside_the_function_and_its_type_parameters() -> None:
    check_finds(
        "import torch\n@torch.cuda.amp.autocast()\ndef run[torch](torch): ...\n", "2 CFX110 torch.cuda.amp.autocast"
    )


def test_a_signature_in_a_class_sees_the_class() -> None:
    check_noop("import torch\nclass Backend:\n    torch = load()\n    def run[T](self, s: torch.cuda.Stream): ...\n")


def test_other_type_parameters_hide_nothing() -> None:
    check_finds(
        "import torch\nclass Pool[S: torch.cuda.Stream]:\n    def get[T](self) -> torch.cuda.Event: ...\n",
        "2 CFX108 torch.cuda.Stream",
        "3 CFX108 torch.cuda.Event",
    )


def test_the_value_of_a_type_alias_is_found() -> None:
    check_finds("import torch\ntype Stream = torch.cuda.Stream\n", "2 CFX108 torch.cuda.Stream")
