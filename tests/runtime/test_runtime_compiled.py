"""The runtime inside `torch.compile`: a neutral function breaks no graph that `torch.cuda`'s own did not break.

What a function does with a device cannot be seen without one; how far the compiler gets before that can. A torch that
was built for CUDA tells most, which is why the tests on older versions run this file too.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest
from test_runtime_as_a_file import ORIGINALS

from cudafix import runtime

torch = pytest.importorskip("torch")

STATE = torch.zeros(16, dtype=torch.uint8)
GIVEN: dict[str, tuple[Any, ...]] = {
    "get_device_properties": (0,),
    "manual_seed_all": (1,),
    "manual_seed_device": (1,),
    "set_device_index": (0,),
    "set_device_memory_fraction": (0.5,),
    "set_device_rng_state": (STATE,),
    "set_device_rng_state_all": ([],),
    "set_device_stream": (None,),
    "use_device": (0,),
    "use_device_of": (STATE,),
    "use_stream": (None,),
}
DECORATORS = {"amp_custom_bwd", "amp_custom_fwd"}
CONTEXTS = {"device_autocast", "use_device", "use_device_of", "use_stream"}


def is_one_graph(function: Any, given: tuple[Any, ...], is_context: bool) -> bool | None:
    """Whether a call of `function` is compiled into one graph; None where a device would have to tell."""

    def step(x: Any) -> Any:
        if is_context:
            with function(*given):
                return x + 1
        function(*given)
        return x + 1

    torch._dynamo.reset()
    try:
        torch.compile(step, backend="eager", fullgraph=True)(torch.ones(1))
    except torch._dynamo.exc.Unsupported:
        return False
    except Exception:
        return None
    return True


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(ORIGINALS.keys() - DECORATORS))
def test_a_neutral_function_is_compiled_where_the_original_is(name: str) -> None:
    try:
        original = attrgetter(ORIGINALS[name])(torch.cuda)
    except AttributeError:
        pytest.skip("this torch lacks the original")
    given, is_context = GIVEN.get(name, ()), name in CONTEXTS
    if is_one_graph(original, given, is_context):
        assert is_one_graph(getattr(runtime, name), given, is_context)


@pytest.mark.parametrize("name", ["empty_device_cache", "is_accelerator_available", "manual_seed_all"])
def test_what_is_called_most_is_compiled_into_one_graph(name: str) -> None:
    assert is_one_graph(getattr(runtime, name), GIVEN.get(name, ()), False)


def test_the_device_type_is_compiled_into_the_graph() -> None:
    assert is_one_graph(runtime.current_device_type, (), False)
