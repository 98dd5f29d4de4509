"""CFX304: what keeps a repeated block where it is."""

from __future__ import annotations

from functools import partial

import checks
from checks import findings_in

check_noop = partial(checks.check_noop, select=["CFX304"])
check_stays = partial(checks.check_stays, select=["CFX304"])
check_unsafe = partial(checks.check_unsafe, select=["CFX304"], reason="review its name")


def test_a_result_that_is_read_after_the_block_keeps_it() -> None:
    check_stays(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return ok

            def save(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return ok
        """,
        "`ok`, which it binds, is read on line 6",
    )


def test_a_result_that_the_next_round_of_a_loop_reads_keeps_it() -> None:
    check_stays(
        """
        class Engine:
            def load(self, reqs):
                for req in reqs:
                    if self.count and ok:
                        self.step()
                    if req.flush:
                        ok = self.flush_cache()
                        assert ok

            def save(self, reqs):
                for req in reqs:
                    if self.count and ok:
                        self.stop()
                    if req.flush:
                        ok = self.flush_cache()
                        assert ok
        """,
        "`ok`, which it binds, is read on line 4",
    )


def test_memory_that_a_local_holds_is_not_freed_by_another_method() -> None:
    check_stays(
        """
        import gc, torch

        class Engine:
            def load(self, path):
                model = build(path)
                self.copy(model)
                del model
                gc.collect()
                torch.cuda.empty_cache()

            def save(self, path):
                model = build(path)
                self.write(model)
                del model
                gc.collect()
                torch.cuda.empty_cache()
        """,
        "`model`, which it binds, is bound before it as well",
    )


def test_a_local_that_may_be_unbound_cannot_be_passed() -> None:
    check_stays(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    hard = req.hard
                self.step()
                if req.flush:
                    ok = self.flush_cache(hard)
                    assert ok
                return 1

            def save(self, req):
                if req.flush:
                    hard = req.hard
                self.stop()
                if req.flush:
                    ok = self.flush_cache(hard)
                    assert ok
                return 2
        """,
        "`hard` may be unbound before it",
    )


def test_a_module_that_the_method_imports_cannot_be_passed() -> None:
    check_stays(
        """
        import torch

        class Engine:
            def load(self):
                import gc
                self.step()
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()

            def save(self):
                import gc
                self.stop()
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
        """,
        "`gc` is imported inside the method",
    )


def test_a_method_that_does_nothing_else_can_be_called() -> None:
    check_stays(
        """
        import gc, torch

        class Engine:
            def clear(self):
                \"\"\"Free what can be freed.\"\"\"
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()

            def load(self, path):
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
                return path
        """,
        "`clear` does nothing else: the others can call it",
    )


def test_copies_that_differ_in_a_comment_stay() -> None:
    check_stays(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    ok = self.flush_cache()  # may fail while requests run
                    assert ok
                return 1

            def save(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 2
        """,
        "the comments inside are not those of the other copies",
    )


def test_a_suppression_on_the_first_copy_of_two_silences_the_rule() -> None:
    check_noop(
        """
        class Engine:
            def load(self, req):
                if req.flush:  # cudafix: ignore[CFX304]
                    ok = self.flush_cache()
                    assert ok
                return 1

            def save(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return 2
        """
    )


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


def test_a_copy_that_stays_may_need_what_another_binds() -> None:
    check_stays(
        """
        class Engine:
            def load_a(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return ok

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                return ok
        """,
        "`ok`, which it binds, is read on line 9",
    )


def test_a_local_must_not_become_a_global() -> None:
    check_stays(
        """
        ok = True

        class Engine:
            def load_a(self, req):
                self.step(lambda: ok)
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_b(self, req):
                self.step(lambda: ok)
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
        """,
        "`ok`, which it binds, is read on line 5",
    )
