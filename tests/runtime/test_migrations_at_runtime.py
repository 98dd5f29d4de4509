"""What broke when people left CUDA by hand, in the running program: see `test_migrations.py` one folder up."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

DID_NOTHING = [
    ("empty_device_cache()", False), ("device_memory_allocated()", 0), ("max_device_memory_allocated()", 0),
    ("device_memory_reserved()", 0), ("device_memory_stats()", {}), ("synchronize_device()", None),
    ("set_device_index(0)", None), ("current_device_index()", 0), ("manual_seed_all(1)", None),
    ("entered(use_device(0))", None), ("entered(use_stream(None))", None),
]  # fmt: skip

MPS_LACKS = [
    ("set_device_index(0)", None), ("current_device_index()", 0), ("entered(use_device(0))", None),
    ("reset_peak_device_memory_stats()", None), ("max_device_memory_allocated()", 100), ("manual_seed_all(7)", None),
    ("collect_device_ipc()", None), ("entered(use_stream(None))", None),
]  # fmt: skip

LACKS_ALL = ["empty_device_cache()", "synchronize_device()", "reset_peak_device_memory_stats()", "manual_seed_all(1)"]


@pytest.mark.parametrize(("expression", "answer"), DID_NOTHING)
def test_bug_a_call_that_did_nothing_on_the_cpu_raised_there(start, expression, answer):
    """So did one in a key of a cache, which is worked out at import."""
    outcome = start("nothing")(expression)
    assert (outcome.answer, outcome.error) == (answer, None)


def test_bug_the_cache_of_mps_was_emptied_through_an_allocator_that_is_none(mps):
    """`torch.accelerator.empty_cache()` is an internal assertion on MPS up to torch 2.12; `torch.mps` has its own."""
    assert mps("empty_device_cache()").calls == ["empty_cache()"]


@pytest.mark.parametrize(("expression", "answer"), MPS_LACKS)
def test_bug_torch_mps_has_not_all_that_torch_cuda_has(mps, expression, answer):
    outcome = mps(expression)
    assert (outcome.answer, outcome.error) == (answer, None)


def test_bug_no_stream_was_entered(mps, cuda):
    """`with torch.cuda.stream(None)` does nothing; `with None` is an error."""
    assert [machine("entered(use_stream(None), lambda: 1)").answer for machine in (mps, cuda)] == [1, 1]


def test_bug_an_event_lost_its_blocking(cuda):
    """`torch.Event(blocking=True)` ignores it on CUDA."""
    assert cuda("device_event(blocking=True)").calls == ["Event(blocking=True)"]


@pytest.mark.parametrize("expression", LACKS_ALL)
def test_bug_what_a_helper_had_no_branch_for_fell_through_to_cuda(musa, expression):
    outcome = musa(expression)
    assert (outcome.error, outcome.calls) == (None, [])


def test_bug_a_constant_at_import_poisoned_the_fork(cuda):
    """`torch.device(0)` and `torch.get_device_module()` initialise CUDA, after which a forked worker cannot."""
    assert cuda("current_device_type()").calls == ["is_available()"]


def test_bug_the_type_of_the_build_was_taken_for_a_device(start):
    """`torch.accelerator.current_accelerator()` names the backend that torch was built for, also without a device."""
    assert start("nothing")("(current_device_type(), str(current_device()))").answer == ["cpu", "cpu"]
