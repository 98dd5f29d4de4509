"""What belongs together is fixed together, or not at all: no fix leaves half of it on CUDA."""

from __future__ import annotations

import pytest
from checks import check_fixes, check_stays, check_unsafe, dedent, findings_in, fixed

ALL = {"select": ["CFX"], "ignore": ["CFX305"]}


def reasons(source: str, **settings: object) -> dict[int, str]:
    """Return the reasons by the rows of the findings."""
    return {one.start.row: one.reason for one in findings_in(source, **settings)}


# What does not belong together


def test_uses_in_other_functions_are_fixed_alone() -> None:
    check_fixes(
        """
        import torch
        def mark():
            torch.cuda.nvtx.mark("a")
        def capable():
            return torch.cuda.get_device_capability()[0] > 8
        def free():
            torch.cuda.empty_cache()
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        def mark():
            torch.cuda.nvtx.mark("a")
        def capable():
            return torch.cuda.get_device_capability()[0] > 8
        def free():
            empty_device_cache()
        """,
    )


def test_a_number_worked_out_of_a_value_is_no_part_of_it() -> None:
    check_fixes(
        """
        import torch
        each = 100 // torch.cuda.device_count()
        torch.cuda.nvtx.mark(str(each))
        """,
        """
        import torch
        from cudafix.runtime import count_devices
        each = 100 // count_devices()
        torch.cuda.nvtx.mark(str(each))
        """,
        unsafe=True,
    )


def test_a_test_that_the_fix_takes_away_holds_nothing() -> None:
    check_fixes(
        """
        import torch
        HAS_CUDA = torch.cuda.is_available()
        if HAS_CUDA:
            torch.cuda.empty_cache()
        """,
        """
        import torch
        from cudafix.runtime import empty_device_cache
        HAS_CUDA = torch.cuda.is_available()
        empty_device_cache()
        """,
    )


# Values


@pytest.mark.parametrize(
    "source",
    [
        "s = torch.cuda.Stream()\nkernel(s.cuda_stream)\n",
        "kernel(torch.cuda.current_stream().cuda_stream)\n",
        "def f(device):\n    s = torch.cuda.current_stream(device)\n    return pointer(s.cuda_stream)\n",
        "s = other or torch.cuda.Stream()\nkernel(s.cuda_stream)\n",
        "streams = [torch.cuda.Stream() for _ in range(2)]\nkernel(streams[0].cuda_stream)\n",
        "for s in (torch.cuda.Stream(), torch.cuda.Stream()):\n    kernel(s.cuda_stream)\n",
        "class A:\n    def __init__(self):\n        self.s = torch.cuda.Stream()\n    def go(self):\n"
        "        kernel(self.s.cuda_stream)\n",
        "if s := torch.cuda.current_stream():\n    kernel(s.cuda_stream)\n",
    ],
)
def test_a_stream_whose_raw_handle_is_read_stays(source: str) -> None:
    check_stays(f"import torch\n{source}", "`.cuda_stream` on line")


def test_all_that_meets_a_stream_stays_with_it() -> None:
    check_stays(
        """
        import torch
        def f():
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                kernel(side.cuda_stream)
        """,
        "`.cuda_stream` on line 6 stays: a raw handle of CUDA",
    )


def test_a_stream_of_a_file_that_captures_a_graph_stays() -> None:
    source = """
        import torch
        def capture(run):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                run()
        def wait():
            torch.cuda.current_stream().synchronize()
        """
    assert fixed(source.encode(), unsafe=True).new_bytes is None
    assert reasons(source)[7] == "`torch.cuda.CUDAGraph` on line 3 stays"


@pytest.mark.parametrize(
    "call",
    [
        "torch.cuda.get_device_capability(torch.cuda.current_device())",
        "torch.cuda.nvtx.mark(torch.cuda.current_device())",
        "[torch.cuda.get_device_capability(i) for i in range(torch.cuda.device_count())]",
        "torch.cuda.get_device_capability(torch.device(torch.cuda.current_device()))",
    ],
)
def test_what_is_given_to_a_call_that_stays_stays(call: str) -> None:
    check_stays(f"import torch\nx = {call}\n", "on line 2 stays", ignore=["CFX401", "CFX305", "CFX2"])


def test_the_bound_of_a_loop_over_devices_stays_with_what_the_loop_does() -> None:
    check_stays(
        """
        import torch
        for number in range(torch.cuda.device_count()):
            print(torch.cuda.get_device_capability(number))
        """,
        "`torch.cuda.get_device_capability` on line 3 stays",
    )


@pytest.mark.parametrize(
    "written",
    ["torch.device('cuda', {})", "f'cuda:{{{}}}'", "'cuda:' + str({})", "make(device='cuda', index={})"],
)
def test_beside_a_device_that_is_written_out_the_index_is_not_safe(written: str) -> None:
    source = f"import torch\nx = {written.format('torch.cuda.current_device()')}\n"
    assert fixed(source.encode()).new_bytes is None
    assert "line 2" in reasons(source)[2]


@pytest.mark.parametrize("device", ["'cuda:0'", "torch.device('cuda', 0)", "f'cuda:{index}'", "torch.device('cuda:1')"])
def test_a_function_is_not_safe_that_is_given_a_device_of_cuda(device: str) -> None:
    source = f"import torch\ntorch.cuda.synchronize({device})\n"
    assert fixed(source.encode()).new_bytes is None
    assert "whose rule, CFX201, is not selected" in reasons(source)[2]


def test_a_device_that_is_written_out_goes_with_its_function() -> None:
    check_unsafe(
        "import torch\ndef f():\n    torch.cuda.synchronize('cuda:0')\n",
        "from cudafix.runtime import current_device_type, synchronize_device\n"
        "def f():\n    synchronize_device(f'{current_device_type()}:0')\n",
        "it goes with `'cuda:0'` on line 3, whose fix is not safe",
        **ALL,
    )


def test_a_device_that_is_given_to_a_call_that_stays_stays() -> None:
    source = """
        import torch
        def f(index):
            return torch.cuda.get_device_capability("cuda:0"), torch.cuda.get_device_capability(torch.device("cuda", 1))
        """
    check_stays(source, "`torch.cuda.get_device_capability` on line 3 stays", **ALL)


# Tests


def test_what_stands_under_a_test_that_stays_stays() -> None:
    check_stays(
        """
        import torch
        def f(model):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
                model.run(torch.cuda.get_device_capability())
        """,
        "`torch.cuda.is_available` on line 3 stays",
    )


@pytest.mark.parametrize(
    "source",
    [
        "if torch.cuda.is_available():\n        torch.cuda.synchronize()\n        g()",
        "x = torch.cuda.memory_summary() if torch.cuda.is_available() else 'none'",
        "if not torch.cuda.is_available():\n        raise RuntimeError('no GPU')\n    torch.cuda.synchronize()",
        "return torch.cuda.is_available() and torch.cuda.is_bf16_supported() and g()",
        "use = torch.cuda.is_available()\n    if use:\n        torch.cuda.synchronize()\n        g()",
    ],
)
def test_what_stands_under_a_test_is_no_safer_than_the_fix_of_the_test(source: str) -> None:
    data = f"import torch\ndef f():\n    {source}\n".encode()
    assert fixed(data).new_bytes is None
    after = fixed(data, unsafe=True).new_bytes
    assert after is not None
    assert b"torch.cuda" not in after


def test_a_decorator_that_asks_for_cuda_is_a_test_as_well() -> None:
    source = """
        import pytest, torch
        @pytest.mark.skipif(not torch.cuda.is_available(), reason="slow")
        def test_it():
            torch.cuda.synchronize()
        """
    assert "`torch.cuda.is_available` on line 2" in reasons(source)[4]
    assert fixed(source.encode()).new_bytes is None


def test_a_silenced_use_holds_what_belongs_to_it() -> None:
    check_stays(
        """
        import torch
        def f(x):
            s = torch.cuda.Stream()  # cudafix: ignore[CFX108] the kernel wants it
            with torch.cuda.stream(s):
                x.run()
        """,
        "`torch.cuda.Stream` on line 3 stays: a comment silences it",
    )


def test_of_a_rule_that_is_not_selected_the_reason_says_which() -> None:
    source = """
        import torch
        def f(x):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
                x()
        """
    assert reasons(source, select=["CFX104"])[4] == (
        "`torch.cuda.is_available` on line 3 stays, whose rule, CFX107, is not selected"
    )


def test_an_import_stays_when_a_use_is_held() -> None:
    check_stays(
        "from torch.cuda import current_stream\nkernel(current_stream().cuda_stream)\n",
        "its use on line 2 stays",
    )


def test_both_or_none_a_test_and_the_device_behind_it() -> None:
    check_stays(
        """
        import torch
        def move(model):
            if torch.cuda.is_available():
                model = model.to("cuda")
                torch.backends.cuda.matmul.allow_tf32 = version.cuda
            return model
        """,
        "on line 3 stays",
        select=["CFX1", "CFX2", "CFX3"],
        ignore=["CFX305"],
    )


def test_a_test_goes_once_the_fixes_behind_it_leave_no_cuda() -> None:
    check_fixes(
        """
        import torch
        def move(model):
            if torch.cuda.is_available():
                model = model.to("cuda")
                torch.cuda.synchronize()
            return model
        """,
        """
        from cudafix.runtime import (
            current_device_type,
            is_accelerator_available,
            synchronize_device,
        )
        def move(model):
            if is_accelerator_available():
                model = model.to(current_device_type())
                synchronize_device()
            return model
        """,
        unsafe=True,
        edits=False,  # it takes two rounds
        **ALL,
    )


@pytest.mark.parametrize("test", ["any_cuda", "self.use_cuda", "x.is_cuda", "cuda_graphs and ready"])
def test_a_device_behind_a_test_that_is_about_cuda_stays(test: str) -> None:
    source = f"import torch\ndef f(self, x):\n    return torch.device('cuda') if {test} else torch.device('cpu')\n"
    assert fixed(source.encode(), unsafe=True, select=["CFX201"], ignore=[]).new_bytes is None


def test_a_name_of_a_device_that_is_compared_is_not_safe() -> None:
    source = "import torch\ntesla = 'Tesla' in torch.cuda.get_device_name(0)\n"
    assert fixed(source.encode()).new_bytes is None
    assert "names of NVIDIA's products" in reasons(source)[2]


# Stand-ins


@pytest.mark.parametrize(
    "stand_in",
    [
        "monkeypatch.setattr(torch.cuda, 'memory_allocated', lambda device: 7)",
        "monkeypatch.setattr('torch.cuda.memory_allocated', lambda device: 7)",
        "mock.patch.object(torch.cuda, 'memory_allocated').start()",
        "mocker.patch('torch.cuda.memory_allocated')",
    ],
)
def test_a_function_that_a_test_replaces_stays_in_its_file(stand_in: str) -> None:
    check_stays(
        f"import torch\nfrom unittest import mock\ndef used():\n    return torch.cuda.memory_allocated(0)\n"
        f"def test_it(monkeypatch, mocker):\n    {stand_in}\n    assert used() == 7\n",
        "the stand-in for `torch.cuda.memory_allocated` on line 6 stays",
    )


def test_another_function_of_the_file_does_not() -> None:
    source = (
        "import torch\n{}def used():\n    {}\ndef test_it(monkeypatch):\n"
        "    monkeypatch.setattr('torch.cuda.memory_allocated', fake)\n    torch.ones(1)\n"
    )
    check_fixes(
        source.format("", "torch.cuda.synchronize()"),
        source.format("from cudafix.runtime import synchronize_device\n", "synchronize_device()"),
    )


# Functions


@pytest.mark.parametrize(
    "line",
    [
        "x = x.cuda()",
        "x = torch.ones(1, device='cuda')",
        "dist.init_process_group(backend='nccl')",
        "print('CUDA is ready')",
        "torch.cuda.nvtx.mark('a')",
        "print(f'on cuda:{x}')",
    ],
)
def test_a_function_that_stays_on_cuda_has_no_fix(line: str) -> None:
    source = f"import torch\ndef f(x):\n    torch.cuda.synchronize()\n    {line}\n    return x\n"
    check_stays(source, "line 4 of the function around it still says CUDA")


def test_what_other_rules_would_fix_is_left_to_them() -> None:
    check_fixes(
        "import torch\ndef f():\n    torch.cuda.synchronize()\n    torch.cuda.empty_cache()\n",
        "import torch\nfrom cudafix.runtime import synchronize_device\n"
        "def f():\n    synchronize_device()\n    torch.cuda.empty_cache()\n",
        unsafe=True,
        select=["CFX104"],
    )


@pytest.mark.parametrize("line", ["kernels.fused_cuda(x)", "if x.is_cuda: x = x + 1"])
def test_a_function_whose_names_say_cuda_has_no_safe_fix(line: str) -> None:
    source = f"import torch\ndef f(x):\n    torch.cuda.synchronize()\n    {line}\n    return x\n"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[3] == "line 4 of the function around it still says CUDA"
    after = fixed(source.encode(), unsafe=True).new_bytes
    assert after is not None
    assert b"synchronize_device()" in after


@pytest.mark.parametrize(
    "source",
    [
        'def f(x):\n    """Wait, unlike torch.cuda.empty_cache()."""\n    {}\n',
        "# cuda\ndef f(x):\n    {}\n    # cuda\n",
        "def f(x):\n    {}\ndef g(x):\n    return x.cuda()\n",
        "def f(x): {}\ndef g(x):\n    return x.cuda()\n",
        "def g(x):\n    return x.cuda()\nclass A:\n    def f(self): {}\n",
        "x = 'cuda'\ndef f(x):\n    {}\n",
    ],
)
def test_comments_and_what_is_outside_do_not_count(source: str) -> None:
    source = f"import torch\n{{}}torch.ones(1)\n{source}"
    check_fixes(
        source.format("", "torch.cuda.synchronize()"),
        source.format("from cudafix.runtime import synchronize_device\n", "synchronize_device()"),
    )


@pytest.mark.parametrize(
    "head",
    [
        "@custom_op('a::b', device_types='cuda')\ndef f(x):",
        "def f(x, device='cuda'):",
        "def f(x) -> 'torch.cuda.Event':",
        "class CudaTimer:\n    def f(self, x):",
        "class Timer(CudaBase):\n    def f(self, x):",
        "class Op:\n    DEVICES = {'cuda'}\n    def f(self, x):",
    ],
)
def test_nor_has_one_whose_head_or_class_says_it(head: str) -> None:
    body = "        torch.cuda.synchronize()\n" if head.startswith("class") else "    torch.cuda.synchronize()\n"
    source = f"import torch\n{head}\n{body}"
    assert fixed(source.encode()).new_bytes is None
    assert "says CUDA" in " ".join(reasons(source).values())


@pytest.mark.parametrize("path", ["backends/cuda/streams.py", "cuda_timer.py", "kernels/nccl.py"])
def test_nor_has_a_file_that_is_cudas_own(path: str) -> None:
    check_stays("import torch\ndef f():\n    torch.cuda.synchronize()\n", "the file is CUDA's own, by its name", path)


def test_what_a_comment_right_above_it_says_is_of_cuda_is_not_safe() -> None:
    source = "import torch\ndef f():\n    # Free what CUDA has,\n    # and no more.\n    torch.cuda.empty_cache()\n"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[5] == "the comment on line 3 speaks of CUDA"


# Kin


def test_autocast_goes_with_the_scaler_of_its_file() -> None:
    source = """
        import torch
        def train(model):
            with torch.cuda.amp.autocast(enabled=False):
                model()
        def scaler():
            return torch.cuda.amp.GradScaler()
        """
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[3] == "it goes with `torch.cuda.amp.GradScaler` on line 6, whose fix is not safe"


def test_streams_of_a_class_go_together() -> None:
    check_stays(
        """
        import torch
        class Offload:
            def record(self, x):
                x.record_stream(torch.cuda.current_stream())
            def raw(self):
                return torch.cuda.current_stream().cuda_stream
        """,
        "`.cuda_stream` on line 6 stays",
    )


def test_states_of_a_class_go_together() -> None:
    check_stays(
        """
        import torch
        class Tracker:
            def save(self):
                return torch.cuda.get_rng_state()
            def load(self, state):
                torch.cuda.set_rng_state(state)  # cudafix: ignore[CFX109] see the kernel
        """,
        "`torch.cuda.set_rng_state` on line 6 stays: a comment silences it",
    )


@pytest.mark.parametrize("use", ["f({})", "self.n = {}", "return {}", "x = {{'gpu': {}}}", "n = {}\n    f(n)"])
def test_a_count_that_is_handed_on_is_not_safe(use: str) -> None:
    source = f"import torch\ndef g(self):\n    {use.format('torch.cuda.device_count()')}\n"
    assert fixed(source.encode()).new_bytes is None
    assert "where 0 may have stood for no GPU" in reasons(source)[3]


def test_so_is_one_that_decides_whether_a_test_runs() -> None:
    source = """
        import pytest, torch
        @pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two")
        def test_it(): ...
        """
    assert fixed(source.encode()).new_bytes is None


def test_a_context_that_is_given_as_a_device_stays() -> None:
    check_stays("import torch\ndef f(i):\n    torch.cuda.set_device(torch.cuda.device(i))\n", "pass the index")


@pytest.mark.parametrize(
    "call",
    [
        "torch.cuda.set_device(rank)",
        "n = torch.cuda.device_count()",
        "torch.ones(1, device=torch.cuda.current_device())",
    ],
)
@pytest.mark.parametrize("line", ["init_mesh('cuda')", "init_process_group('nccl')", "model.cuda()"])
def test_what_is_about_the_whole_process_is_not_safe_in_a_file_that_stays_on_cuda(call: str, line: str) -> None:
    source = f"import torch\ndef setup(rank):\n    {call}\ndef train(model):\n    {line}\n"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[3] == "line 5 of the file still says CUDA, and this is about the whole process"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("torch.cuda.Event().record()", "torch.cuda.current_stream().synchronize(); x.cuda()"),
        ("torch.cuda.max_memory_allocated()", "torch.cuda.reset_peak_memory_stats(); x.cuda()"),
    ],
)
def test_streams_and_peaks_of_a_file_are_safe_together(one: str, other: str) -> None:
    source = f"import torch\ndef f(x):\n    {one}\ndef g(x):\n    {other}\n"
    assert fixed(source.encode()).new_bytes is None
    assert "line 5" in reasons(source)[3]


def test_one_function_is_safe_in_all_of_a_file_or_nowhere() -> None:
    source = """
        import torch
        class Adapter:
            def release(self, x):
                torch.cuda.empty_cache()
                x.cuda()
            def resume(self):
                torch.cuda.empty_cache()
        """
    assert fixed(source.encode()).new_bytes is None
    assert "on line 4 stays" in reasons(source)[7]


def test_an_index_that_is_not_only_printed_is_not_safe() -> None:
    source = "import torch\nfrom triton.testing import get_tflops\nx = get_tflops(torch.cuda.current_device())\n"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[3] == "an index does not say of which backend: what gets it may take it for one of CUDA"


def test_autocast_goes_with_what_asks_whether_it_is_on() -> None:
    source = """
        import torch
        def forward(x):
            return torch.is_autocast_enabled()
        def backward(on):
            with torch.cuda.amp.autocast(on):
                return on
        """
    assert fixed(source.encode()).new_bytes is None


@pytest.mark.parametrize("head", ["# AUTOGENERATED! DO NOT EDIT! File to edit: a.ipynb.", "# @generated by a tool"])
def test_a_generated_file_stays(head: str) -> None:
    check_stays(f"{head}\nimport torch\ntorch.cuda.empty_cache()\n", "the file is generated")


def test_the_notebook_that_a_module_is_exported_from_is_named() -> None:
    head = "# AUTOGENERATED! DO NOT EDIT! File to edit: ../nbs/00_core.ipynb."
    reason = "change `../nbs/00_core.ipynb`, which it is made from"
    check_stays(f"{head}\nimport torch\ntorch.cuda.empty_cache()\n", reason)


@pytest.mark.parametrize("error", ["ImportError", "AttributeError", "(AttributeError, TypeError)"])
def test_what_a_handler_does_for_an_older_torch_stays(error: str) -> None:
    check_stays(
        f"import torch\ntry:\n    torch.accelerator.synchronize()\nexcept {error}:\n    torch.cuda.synchronize()\n",
        "it is there for a torch that lacks the newer form",
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x = not torch.cuda.is_available() and x.device.type != 'cpu'", "whether the device at hand is missing here"),
        ("x = 'gpu' if torch.cuda.is_available() else 'cpu'", "a word of another library"),
        ("checkbox('Use CUDA', value=torch.cuda.is_available())", "speaks of CUDA"),
    ],
)
def test_a_test_for_cuda_itself_stays(line: str, reason: str) -> None:
    check_stays(f"import torch\ndef f(x):\n    {line}\n", reason)


def test_what_belongs_to_a_use_that_its_function_holds_is_held_as_well() -> None:
    source = """
        import torch
        class Prefetch:
            def __init__(self):
                self.side = torch.cuda.Stream()
            def load(self, x):
                with torch.cuda.stream(self.side):
                    return x.cuda()
        """
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[6] == "line 7 of the file still says CUDA"
    assert reasons(source)[4] == "line 7 of the file still says CUDA"


@pytest.mark.parametrize(
    "code",
    [
        "kind = Kind.CUDA if torch.cuda.is_available() else Kind.CPU",
        "if torch.cuda.is_available():\n    kinds.append(Kind.CUDA)",
        "if torch.cuda.is_available():\n    self.cuda_events = []",
        "use = torch.cuda.is_available()\nif use:\n    kinds.append(Kind.CUDA)",
        "if not torch.cuda.is_available():\n    raise SystemExit\nkinds.append(Kind.CUDA)",
    ],
)
def test_a_test_for_cuda_stays_whose_code_still_says_cuda(code: str) -> None:
    check_stays(f"import torch\n{code}\n", "which depends on it, still says CUDA", **ALL)


def test_seeds_of_a_file_are_no_safer_than_the_states_of_its_generators() -> None:
    seed = "import torch\ndef seed():\n    torch.cuda.manual_seed_all(0)\n"
    state = "def keep(x):\n    x.cuda()\n    return torch.cuda.get_rng_state()\n"
    assert fixed((seed + state).encode()).new_bytes is None
    reason = "`torch.cuda.get_rng_state` on line 6 stays"
    assert reasons(seed + state)[3] == reason


def test_a_seed_is_safe_beside_a_function_that_moves_to_cuda() -> None:
    move = "def move(x):\n    x.cuda()\n"
    check_fixes(
        f"import torch\ndef seed():\n    torch.cuda.manual_seed_all(0)\n{move}",
        f"from cudafix.runtime import manual_seed_all\ndef seed():\n    manual_seed_all(0)\n{move}",
    )


@pytest.mark.parametrize(
    "code",
    [
        "def has_cuda():\n    return torch.cuda.is_available()",
        "class Env:\n    @property\n    def use_cuda(self):\n        return self.fast and torch.cuda.is_available()",
        "IS_CUDA_AVAILABLE = torch.cuda.is_available()",
        "has_cuda = torch.cuda.is_available()",
    ],
)
def test_a_test_stays_whose_name_would_be_false(code: str) -> None:
    check_stays(f"import torch\n{code}\n", "says CUDA, and who reads it counts on that", **ALL)


@pytest.mark.parametrize(
    "code",
    [
        "def can_run():\n    return {}",
        "IS_AVAILABLE = {}",
        "use_cuda = {}",
        "def f():\n    has_cuda = {}\n    print(has_cuda)",
    ],
)
def test_another_name_holds_no_test(code: str) -> None:
    source = "import torch\n" + code.format("torch.cuda.is_available()") + "\n"
    new = "from cudafix.runtime import is_accelerator_available\n" + code.format("is_accelerator_available()") + "\n"
    check_fixes(source, new, unsafe=True)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def clear_cuda_cache():\n    {}\n", "`clear_cuda_cache` says CUDA by its name or its docstring"),
        ('def seed():\n    """Seed torch.cuda, too."""\n    {}\n', "`seed` says CUDA by its name or its docstring"),
        (
            'def clear():\n    """Empty the cache of CUDA."""\n    {}\n',
            "`clear` says CUDA by its name or its docstring",
        ),
        ("def clear(x):\n    print(x.device.type == 'mps')\n    {}\n", "is about another backend"),
    ],
)
def test_a_function_of_cuda_or_of_several_backends_stays(source: str, reason: str) -> None:
    check_stays("import torch\n" + source.format("torch.cuda.empty_cache()"), reason)


@pytest.mark.parametrize("line", ["from numba import cuda", "import cupy as cp", "from cuda.bindings import runtime"])
def test_a_file_that_uses_a_library_of_cuda_has_no_safe_fix(line: str) -> None:
    source = f"import torch\n{line}\ndef f():\n    torch.cuda.empty_cache()\n"
    assert fixed(source.encode()).new_bytes is None
    assert "a library of CUDA" in reasons(source)[4]


def test_a_script_that_says_what_it_needs_has_no_safe_fix() -> None:
    block = '# /// script\n# dependencies = ["torch"]\n# ///\nimport torch\ntorch.cuda.empty_cache()\n'
    assert fixed(block.encode()).new_bytes is None
    assert "PEP 723" in reasons(block)[5]
    assert fixed(block.replace('"torch"', '"torch", "cudafix"').encode()).new_bytes is not None


def test_a_file_that_imports_a_helper_of_the_project_has_no_safe_fix() -> None:
    source = "import torch\nfrom .memory import torch_empty_cache\ndef f():\n    torch.cuda.empty_cache()\n"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[4] == "the file has `torch_empty_cache` for it, of the project's own"


def test_a_difference_of_figures_is_not_safe() -> None:
    source = (
        "import torch\nbefore = torch.cuda.memory_allocated()\nrun()\nprint(torch.cuda.memory_allocated() - before)\n"
    )
    assert fixed(source.encode()).new_bytes is None


@pytest.mark.parametrize(
    "code",
    [
        "device = 'cuda' if torch.cuda.is_available() else 'cpu'\nmodel = WhisperModel('x', device=device)",
        "model = WhisperModel('x', device='cuda' if torch.cuda.is_available() else 'cpu')",
    ],
)
def test_a_device_for_a_library_with_names_of_its_own_stays(code: str) -> None:
    source = f"import torch\nfrom faster_whisper import WhisperModel\n{code}\n"
    check_stays(source, "`faster_whisper` has names of its own for devices")


@pytest.mark.parametrize(
    "code",
    [
        "x = 'onnxruntime' + ('-gpu' if torch.cuda.is_available() else '')",
        "merge(cuda=torch.cuda.is_available())",
        "remote(num_gpus=1 if torch.cuda.is_available() else 0)",
        "class A:\n    def __init__(self):\n        self.has_cuda = torch.cuda.is_available()",
        "class CudaCleaner:\n    def run(self):\n        torch.cuda.empty_cache()",
        "torch.cuda.Stream.__deepcopy__ = copy",
        "use_cuda = torch.cuda.is_available() and on\nEncoder('x', use_cuda)",
        "if torch.cuda.is_available():\n    run(['nvidia-smi'])",
    ],
)
def test_what_is_of_cuda_for_others_stays(code: str) -> None:
    check_stays(f"import torch\n{code}\n", "", **ALL)


def test_a_comment_behind_it_that_would_be_false_holds_it() -> None:
    check_stays("import torch\nn = torch.cuda.device_count()  # number of CUDA devices\n", "the comment behind it")


@pytest.mark.parametrize("flag", ["TORCH_2_4", "torch_utils.TORCH_1_13", "IS_TORCH_GE_2_0"])
def test_the_branch_for_an_older_torch_behind_a_flag_stays(flag: str) -> None:
    scaler = f"torch.amp.GradScaler('cuda') if {flag} else torch.cuda.amp.GradScaler()"
    now = (fixed(f"import torch\nx = {scaler}\n".encode(), unsafe=True).new_bytes or b"").decode()
    assert "else device_grad_scaler" not in now


def test_a_word_for_lightning_stays() -> None:
    check_stays(
        "import torch\naccelerator = 'cuda' if torch.cuda.is_available() else 'cpu'\nFabric(accelerator=accelerator)\n",
        "a word of Lightning",
    )


def test_a_stream_beside_compiled_kernels_stays() -> None:
    check_stays(
        "import torch\nfrom pkg.ext import ext_c\ndef f(x):\n    torch.cuda.set_stream(x)\n",
        "what runs on the stream may be `ext_c`",
    )


def test_a_guard_whose_flag_of_cuda_still_decides_elsewhere_is_not_safe() -> None:
    source = (
        "import torch\nUSE_CUDA = torch.cuda.is_available()\ndef seed(s):\n    if USE_CUDA:\n"
        "        torch.cuda.manual_seed(s)\ndef move(x):\n    return x.cuda() if USE_CUDA else x\n"
    )
    assert fixed(source.encode()).new_bytes is None
    assert "`USE_CUDA` still decides elsewhere" in reasons(source)[4]


def test_who_selects_a_rule_alone_gets_its_fixes_beside_devices() -> None:
    check_fixes(
        "import torch\ndef f(x):\n    torch.cuda.synchronize()\n    return x.cuda()\n",
        "from cudafix.runtime import synchronize_device\ndef f(x):\n    synchronize_device()\n    return x.cuda()\n",
        unsafe=True,
        select=["CFX104"],
    )


def test_a_function_that_is_kept_before_it_is_replaced_stays() -> None:
    check_stays(
        "import torch\nold = torch.cuda.set_stream\ndef mine(x):\n    old(x)\ntorch.cuda.set_stream = mine\n",
        "it is kept here beside an assignment to it",
    )


@pytest.mark.parametrize(
    "code",
    [
        "trainer(gpus=int(torch.cuda.is_available()))",
        "def f(model):\n    if torch.cuda.device_count() > 1:\n        return torch.nn.DataParallel(model)",
    ],
)
def test_what_only_cuda_can_take_or_make_stays(code: str) -> None:
    check_stays(f"import torch\n{code}\n", "")


@pytest.mark.parametrize("path", ["models/nvidia/moe.py", "ops/rocm/a.py", "deploy/tensorrt/a.py"])
def test_a_file_of_one_vendor_has_no_safe_fix(path: str) -> None:
    assert fixed(b"import torch\ndef f():\n    torch.cuda.empty_cache()\n", path).new_bytes is None


# Who asks and who calls


def test_a_script_that_prints_whether_cuda_is_there_does_not_count_other_devices() -> None:
    source = "import torch\nprint(torch.cuda.is_available())\nprint(torch.cuda.device_count())"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[3] == "line 2 of the module around it still says CUDA"


CALLED = """
import torch
def report(device):
    if device.type != "cuda":
        return 0
    return {name}()
{also}
def {name}():
    return torch.cuda.memory_allocated()
"""


def test_a_private_function_that_only_cuda_code_calls_is_its_part() -> None:
    source = CALLED.format(name="_memory", also="")
    assert reasons(source)[8] == "`_memory` is called only where CUDA stays, as on line 3"


@pytest.mark.parametrize("also", ["def show():\n    print(_memory())", "show = _memory"])
def test_a_private_function_that_others_use_as_well_is_not(also: str) -> None:
    assert all("only where" not in one for one in reasons(CALLED.format(name="_memory", also=also)).values())


def test_nor_is_a_function_for_all() -> None:
    assert all("only where" not in one for one in reasons(CALLED.format(name="memory", also="")).values())


def test_a_guard_stays_with_a_count_that_stays() -> None:
    source = """
        import torch
        def spawn():
            return torch.cuda.device_count() if torch.cuda.is_available() else 1
        def worker():
            init_process_group("nccl")
        """
    check_stays(source, "this is about the whole process")


def test_a_guard_stays_with_peaks_whose_reset_stays() -> None:
    source = """
        import torch
        def start():
            torch.cuda.reset_peak_memory_stats()
            model.cuda()
        def report():
            if torch.cuda.is_available():
                log(torch.cuda.max_memory_allocated())
        """
    check_stays(source, "`torch.cuda.reset_peak_memory_stats` on line 3 stays")


# What a reviewer asks


def test_the_device_of_a_process_is_chosen_with_that_of_its_model() -> None:
    check_unsafe(
        "import torch\ntorch.cuda.set_device(rank)\n",
        "from cudafix.runtime import set_device_index\nset_device_index(rank)\n",
        "the device of a process is chosen together with that of its model",
    )


def test_the_name_of_a_device_that_is_told_is_safe() -> None:
    check_fixes(
        "import torch\nname = torch.cuda.get_device_name()\nprint(name)\n",
        "from cudafix.runtime import get_device_name\nname = get_device_name()\nprint(name)\n",
    )


@pytest.mark.parametrize("use", ["tables[name]", "register(name)", "f(known, name)"])
def test_one_that_is_looked_up_is_not(use: str) -> None:
    source = f"import torch\nname = torch.cuda.get_device_name()\n{use}\n"
    assert fixed(source.encode()).new_bytes is None
    assert reasons(source)[2] == "who reads the name may know the names of NVIDIA's devices alone"


def test_autocast_is_not_safe_where_the_file_takes_the_type_from_a_tensor() -> None:
    source = """
        import torch
        def rope(ids):
            with torch.autocast(device_type=ids.device.type, enabled=False):
                pass
        def norm(x):
            with torch.autocast(device_type="cuda", enabled=False):
                pass
        """
    assert fixed(dedent(source).encode()).new_bytes is None
    assert reasons(source)[6] == "the file takes the type from a tensor elsewhere"


def test_a_device_is_entered_neutrally_only_where_no_tensor_must_be_on_cuda() -> None:
    source = """
        import torch
        def can(x):
            return x.is_cuda
        def run(x):
            with torch.cuda.device(x.device):
                pass
        """
    check_stays(source, "line 3 of the file still says CUDA, and this is about the whole process")


def test_what_any_method_may_call_is_safe_where_what_handles_devices_is() -> None:
    source = """
        import torch
        def free():
            torch.cuda.empty_cache()
        def room(x):
            return torch.cuda.mem_get_info()[0], x.cuda()
        """
    assert fixed(dedent(source).encode()).new_bytes is None
    assert "`torch.cuda.mem_get_info` on line 5 stays" in reasons(source)[3]
