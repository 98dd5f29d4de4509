"""CFX304: how the fix gets on with those of other rules."""

from __future__ import annotations

import checks
from checks import dedent, fixed


def test_a_call_on_a_backend_becomes_neutral_as_it_moves() -> None:
    checks.check_fixes(
        """
        import gc

        import torch

        class Engine:
            def load_a(self):
                gc.collect()
                torch.cuda.empty_cache()
                gc.collect()
                return torch.ones(1)

            def load_b(self):
                gc.collect()
                torch.cuda.empty_cache()
                gc.collect()
                return torch.ones(2)
        """,
        '''
        import gc

        import torch
        from cudafix.runtime import empty_device_cache

        class Engine:
            def empty_cache_after_load(self):
                """Empty the cache after load."""
                gc.collect()
                empty_device_cache()
                gc.collect()

            def load_a(self):
                self.empty_cache_after_load()
                return torch.ones(1)

            def load_b(self):
                self.empty_cache_after_load()
                return torch.ones(2)
        ''',
        unsafe=True,
    )


def test_what_another_fix_changes_moves_in_a_second_round() -> None:
    before = """
        import gc

        import torch

        class Engine:
            def load_a(self):
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                return torch.ones(1)

            def load_b(self):
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                return torch.ones(2)
        """
    after = '''
        import gc

        import torch
        from cudafix.runtime import (
            empty_device_cache,
            reset_peak_device_memory_stats,
            synchronize_device,
        )

        class Engine:
            def empty_cache_after_load(self):
                """Empty the cache after load."""
                synchronize_device()
                empty_device_cache()
                reset_peak_device_memory_stats()

            def load_a(self):
                self.empty_cache_after_load()
                return torch.ones(1)

            def load_b(self):
                self.empty_cache_after_load()
                return torch.ones(2)
        '''
    result = fixed(dedent(before).encode(), unsafe=True)
    assert (result.problems, result.new_bytes) == ((), dedent(after).encode())
    assert fixed(dedent(after).encode(), unsafe=True).new_bytes is None


def test_what_becomes_the_same_by_another_fix_moves_in_a_second_round() -> None:
    before = """
        import gc

        import torch
        from cudafix.runtime import empty_device_cache

        class Engine:
            def load_a(self):
                gc.collect()
                torch.cuda.empty_cache()
                gc.collect()
                return torch.ones(1)

            def load_b(self):
                gc.collect()
                empty_device_cache()
                gc.collect()
                return torch.ones(2)
        """
    after = '''
        import gc

        import torch
        from cudafix.runtime import empty_device_cache

        class Engine:
            def empty_cache_after_load(self):
                """Empty the cache after load."""
                gc.collect()
                empty_device_cache()
                gc.collect()

            def load_a(self):
                self.empty_cache_after_load()
                return torch.ones(1)

            def load_b(self):
                self.empty_cache_after_load()
                return torch.ones(2)
        '''
    result = fixed(dedent(before).encode(), unsafe=True)
    assert (result.problems, result.new_bytes) == ((), dedent(after).encode())
    assert fixed(dedent(after).encode(), unsafe=True).new_bytes is None
