"""CFX304: where the new method goes, what it is called, and how the fix gets on with comments and other fixes."""

from __future__ import annotations

from functools import partial

import checks
from checks import dedent, findings_in, fixed

check_stays = partial(checks.check_stays, select=["CFX304"])
check_unsafe = partial(checks.check_unsafe, select=["CFX304"], reason="review its name")


# Where the new method goes, and what it is called


def test_the_new_method_goes_above_the_comments_and_decorators_of_the_first_user() -> None:
    check_unsafe(
        """
        class Engine:
            kind = "e"

            # Slow.
            @timed
            @no_grad()
            def load_a(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 1

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 2
        """,
        '''
        class Engine:
            kind = "e"

            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            # Slow.
            @timed
            @no_grad()
            def load_a(self, req):
                self.flush_cache_after_load(req)
                return 1

            def load_b(self, req):
                self.flush_cache_after_load(req)
                return 2
        ''',
    )


def test_the_new_method_goes_above_all_definitions_of_the_first_user() -> None:
    check_unsafe(
        """
        class Engine:
            @property
            def level(self):
                return self._level

            @level.setter
            def level(self, level):
                if level.changed:
                    ok = self.flush_cache()
                    assert ok
                self._level = level

            def load(self, req):
                if req.changed:
                    ok = self.flush_cache()
                    assert ok
                return 2
        """,
        '''
        class Engine:
            def flush_cache_if_needed(self, level):
                """Flush the cache if needed."""
                if level.changed:
                    ok = self.flush_cache()
                    assert ok

            @property
            def level(self):
                return self._level

            @level.setter
            def level(self, level):
                self.flush_cache_if_needed(level)
                self._level = level

            def load(self, req):
                self.flush_cache_if_needed(req)
                return 2
        ''',
    )


def test_two_blocks_of_the_same_methods_become_two_methods() -> None:
    check_unsafe(
        """
        import torch

        class Engine:
            def load_a(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                self.step(1)
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
                torch.cuda.ipc_collect()

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                self.step(2)
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
                torch.cuda.ipc_collect()
        """,
        '''
        import torch

        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def empty_cache_after_load(self):
                """Empty the cache after load."""
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
                torch.cuda.ipc_collect()

            def load_a(self, req):
                self.flush_cache_after_load(req)
                self.step(1)
                self.empty_cache_after_load()

            def load_b(self, req):
                self.flush_cache_after_load(req)
                self.step(2)
                self.empty_cache_after_load()
        ''',
    )


def test_the_style_of_the_class_is_kept() -> None:
    check_unsafe(
        """
        class Engine:
          \"\"\"An engine.\"\"\"
          def _load_a(self, req):
            if req.flush: ok = self.flush_cache(); assert ok
            return 1
          def _load_b(self, req):
            if req.flush: ok = self.flush_cache(); assert ok
            return 2
        """,
        '''
        class Engine:
          """An engine."""
          def _flush_cache_after_load(self, req):
            """Flush the cache after load."""
            if req.flush: ok = self.flush_cache(); assert ok

          def _load_a(self, req):
            self._flush_cache_after_load(req)
            return 1
          def _load_b(self, req):
            self._flush_cache_after_load(req)
            return 2
        ''',
    )


TWO_METHODS = """
class Engine:
    def {}(self, req):
        if req.hard:
            ok = self.flush_cache()
            assert ok
        return {}

    def {}(self, req):
        if req.hard:
            ok = self.flush_cache()
            assert ok
        return 2
"""


def name_for(first: str, second: str, said: str = "1", **settings: object) -> str:
    (found,) = findings_in(TWO_METHODS.format(first, said, second), select=["CFX304"], **settings)
    return found.help.removeprefix("move it into a method ").strip("`")


def test_the_name_is_what_the_methods_names_begin_with() -> None:
    assert name_for("update_weights_from_disk", "update_weights_from_ipc") == "flush_cache_after_weight_update"
    assert name_for("load", "load_lora") == "flush_cache_after_load"
    assert name_for("release_memory_for_a", "release_memory_to_b") == "flush_cache_after_memory_release"
    assert name_for("_run_batch", "_run_batches") == "_flush_cache_after_run"
    assert name_for("on_epoch_end", "on_epoch_start") == "flush_cache_after_epoch"
    assert name_for("load_policies_a", "load_policies_b") == "flush_cache_after_policy_load"


def test_methods_without_a_common_word_leave_the_condition_to_name_it() -> None:
    assert name_for("start", "stop") == "flush_cache_if_needed"
    assert name_for("__enter__", "__exit__") == "flush_cache_if_needed"


def test_a_name_that_the_file_uses_gets_a_number() -> None:
    assert name_for("load_a", "load_b", "self.flush_cache_after_load") == "flush_cache_after_load_2"


def test_the_name_can_be_given() -> None:
    assert name_for("load_a", "load_b", helper_name="flush_now") == "flush_now"


def test_a_given_name_must_be_free() -> None:
    source = TWO_METHODS.format("load_a", "self.flush_now", "load_b")
    check_stays(source, "`flush_now` is the name of something else in this file", helper_name="flush_now")


def test_the_methods_that_flush_can_be_given() -> None:
    before = TWO_METHODS.format("load_a", "1", "load_b").replace("flush_cache", "drop_kv")
    (found,) = findings_in(before, select=["CFX304"], flush_methods=["drop_kv"])
    assert found.help == "move it into a method `drop_kv_after_load`"


# Comments


def test_comments_that_all_copies_have_move_and_those_above_stay() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                # The scheduler is idle here.
                if req.flush:  # asked for
                    # May fail.
                    ok = self.flush_cache()
                    assert ok
                return 1

            def load_b(self, req):
                if req.flush:  # asked for
                    # May fail.
                    ok = self.flush_cache()
                    assert ok
                return 2
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:  # asked for
                    # May fail.
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req):
                # The scheduler is idle here.
                self.flush_cache_after_load(req)
                return 1

            def load_b(self, req):
                self.flush_cache_after_load(req)
                return 2
        ''',
    )


def test_a_copy_with_a_comment_of_its_own_stays_and_is_reported() -> None:
    before = """
        class Engine:
            def load_a(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 1

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()  # while requests run
                    assert ok
                return 2

            def load_c(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 3
        """
    after = '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req):
                self.flush_cache_after_load(req)
                return 1

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()  # while requests run
                    assert ok
                return 2

            def load_c(self, req):
                self.flush_cache_after_load(req)
                return 3
        '''
    check_unsafe(before, after)
    _, own = findings_in(before, select=["CFX304"])
    assert (own.start.row, own.fix) == (9, None)
    check_stays(after, "`flush_cache_after_load` does nothing else: the others can call it")


def test_a_copy_with_a_comment_of_its_own_stays_whole() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()
                return 1

            def load_b(self, req):
                if req.flush:
                    # Requests run.
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()
                return 2

            def load_c(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()
                return 3
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()

            def load_a(self, req):
                self.flush_cache_after_load(req)
                return 1

            def load_b(self, req):
                if req.flush:
                    # Requests run.
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()
                return 2

            def load_c(self, req):
                self.flush_cache_after_load(req)
                return 3
        ''',
    )


def test_a_copy_that_a_comment_silences_stays() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 1

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 2

            def load_c(self, req):
                # cudafix: ignore[CFX304]
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 3
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req):
                self.flush_cache_after_load(req)
                return 1

            def load_b(self, req):
                self.flush_cache_after_load(req)
                return 2

            def load_c(self, req):
                # cudafix: ignore[CFX304]
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 3
        ''',
    )


# With the fixes of other rules


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
