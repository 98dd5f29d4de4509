"""CFX109: seeds and random state of one backend."""

from __future__ import annotations

from checks import check_fixes, check_noop, check_unsafe


def test_leaves_the_cpu_generator_alone() -> None:
    check_noop("import torch\ntorch.manual_seed(0)\ntorch.get_rng_state()\n")


def test_the_cpu_generator_is_not_reseeded_by_the_fix() -> None:
    check_fixes(
        """
        import torch
        torch.manual_seed(seed)
        torch.cuda.manual_seed_all(seed)
        torch.cuda.random.manual_seed(seed)
        """,
        """
        import torch
        from cudafix.runtime import manual_seed_all, manual_seed_device
        torch.manual_seed(seed)
        manual_seed_all(seed)
        manual_seed_device(seed)
        """,
    )


def test_the_states_of_all_devices_are_read_and_written_back() -> None:
    check_fixes(
        """
        import torch
        states = torch.cuda.get_rng_state_all()
        torch.cuda.set_rng_state_all(new_states=states)
        torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import get_device_rng_state_all, set_device_rng_state_all
        states = get_device_rng_state_all()
        set_device_rng_state_all(new_states=states)
        torch.ones(1)
        """,
    )


def test_the_generators_themselves_are_unsafe() -> None:
    check_unsafe(
        """
        import torch
        def generator():
            return torch.cuda.default_generators[0], torch.ones(1)
        """,
        """
        import torch
        from cudafix.runtime import device_module
        def generator():
            return device_module().default_generators[0], torch.ones(1)
        """,
        "not every backend has it",
    )
