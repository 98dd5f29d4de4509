"""CFX108: a stream or event of one backend."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_noop, check_stays, check_unsafe, findings_in


def test_leaves_neutral_streams_alone() -> None:
    check_noop("import torch\ns = torch.Stream()\ne = torch.Event()\nwith s: ...\n")


def test_a_stream_is_made_by_the_active_backend_with_the_same_arguments() -> None:
    check_fixes(
        """
        import torch
        def side(device: torch.device):
            return torch.cuda.Stream(device, priority=-1), torch.cuda.Event(blocking=True)
        """,
        """
        import torch
        from cudafix.runtime import device_event, device_stream
        def side(device: torch.device):
            return device_stream(device, priority=-1), device_event(blocking=True)
        """,
        unsafe=True,
    )


def test_the_context_takes_the_stream_even_when_it_is_none() -> None:
    check_fixes(
        """
        import torch
        with torch.cuda.stream(None):
            torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import use_stream
        with use_stream(None):
            torch.ones(1)
        """,
        unsafe=True,
    )


def test_a_stream_made_at_import_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        SIDE = torch.cuda.Stream()
        ONE = torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_stream
        SIDE = device_stream()
        ONE = torch.ones(1)
        """,
        "decided at import",
    )


def test_an_annotation_becomes_the_common_base_class() -> None:
    check_unsafe(
        """
        from typing import Optional
        import torch
        def wait(stream: Optional[torch.cuda.Stream], event: torch.cuda.Event) -> None: ...
        """,
        """
        from typing import Optional
        import torch
        def wait(stream: Optional[torch.Stream], event: torch.Event) -> None: ...
        """,
        "common base class",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Any = Union[torch.cuda.Stream, None]", "Any = Union[torch.Stream, None]"),
        ("Any = typing.Optional[torch.cuda.Stream]", "Any = typing.Optional[torch.Stream]"),
        ("Any = dict[str, list[torch.cuda.Event]]", "Any = dict[str, list[torch.Event]]"),
        ("Any = torch.cuda.Stream | None", "Any = torch.Stream | None"),
        ("x = cast(Optional[torch.cuda.Stream], y)", "x = cast(Optional[torch.Stream], y)"),
    ],
)
def test_a_type_that_is_no_annotation_becomes_the_common_base_class(before: str, after: str) -> None:
    check_unsafe(f"import torch\n{before}\n", f"import torch\n{after}\n", "common base class")


def test_a_key_is_no_type() -> None:
    (found,) = findings_in("import torch\nx = streams[torch.cuda.Stream]\n")
    assert "common base class" not in found.reason


def test_an_annotation_whose_class_was_imported_imports_the_base_class() -> None:
    check_unsafe(
        """
        from torch.cuda import Stream
        def wait(stream: Stream) -> None: ...
        """,
        """
        from torch import Stream
        def wait(stream: Stream) -> None: ...
        """,
        "common base class",
    )


def test_a_class_as_a_value_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        def is_stream(x):
            return isinstance(x, torch.cuda.Stream) and torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def is_stream(x):
            return isinstance(x, device_module().Stream) and torch.ones(1)
        """,
        "decided where the name is read",
    )


def test_a_subclass_stays() -> None:
    check_stays("import torch\nclass Side(torch.cuda.Stream): ...\n", "a base class")


def test_what_is_asked_of_the_class_stays_on_it() -> None:
    check_unsafe(
        """
        import torch
        def priorities():
            return torch.cuda.Stream.priority_range(), torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def priorities():
            return device_module().Stream.priority_range(), torch.ones(1)
        """,
        "decided where the name is read",
    )
