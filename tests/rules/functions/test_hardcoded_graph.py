"""CFX111: graph capture of one backend."""

from __future__ import annotations

from checks import check_finds, check_fixes, check_noop, check_stays, check_unsafe


def test_leaves_a_graph_of_something_else_alone() -> None:
    check_noop("import torch\ntorch.fx.Graph()\nnetworkx.graph()\n")


def test_asking_whether_a_capture_runs_is_safe() -> None:
    check_fixes(
        """
        import torch
        x = torch.ones(1) if torch.cuda.is_current_stream_capturing() else None
        """,
        """
        import torch
        from cudafix.runtime import is_stream_capturing
        x = torch.ones(1) if is_stream_capturing() else None
        """,
    )


def test_the_capture_is_unsafe() -> None:
    check_unsafe(
        """
        import torch
        def capture(g):
            with torch.cuda.graph(g, stream=s):
                torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def capture(g):
            with device_module().graph(g, stream=s):
                torch.ones(1)
        """,
        "not every backend has it",
    )


def test_the_capture_of_a_graph_of_cuda_stays() -> None:
    check_stays(
        "import torch\ng = torch.cuda.CUDAGraph()\nwith torch.cuda.graph(g):\n    torch.ones(1)\n",
        "captures a torch.cuda.CUDAGraph of this file",
    )


def test_the_graph_class_is_cuda_only() -> None:
    check_finds("import torch\ng = torch.cuda.CUDAGraph()\n", "2 CFX401 torch.cuda.CUDAGraph")
