"""CFX304: what moves into the new method, and which conditions stay with its callers."""

from __future__ import annotations

from functools import partial

import checks

check_unsafe = partial(checks.check_unsafe, select=["CFX304"], reason="review its name")


def test_a_condition_that_not_all_copies_have_stays_with_the_caller() -> None:
    check_unsafe(
        """
        class Engine:
            def update_weights_from_disk(self, recv_req):
                ok, message = self.worker.load(recv_req)
                if ok and recv_req.flush_cache:
                    flushed = self.flush_cache(empty=recv_req.empty)
                    assert flushed, "not flushed"
                return ok, message

            def update_weights_from_tensor(self, req):
                success = self.worker.copy(req)
                if success:
                    if req.flush_cache:
                        done = self.flush_cache(empty=req.empty)
                        assert done, "not flushed"
                else:
                    self.complain()
                return success
        """,
        '''
        class Engine:
            def flush_cache_after_weight_update(self, recv_req):
                """Flush the cache after a weight update."""
                if recv_req.flush_cache:
                    flushed = self.flush_cache(empty=recv_req.empty)
                    assert flushed, "not flushed"

            def update_weights_from_disk(self, recv_req):
                ok, message = self.worker.load(recv_req)
                if ok:
                    self.flush_cache_after_weight_update(recv_req)
                return ok, message

            def update_weights_from_tensor(self, req):
                success = self.worker.copy(req)
                if success:
                    self.flush_cache_after_weight_update(req)
                else:
                    self.complain()
                return success
        ''',
    )


def test_a_condition_on_a_local_alone_stays_with_the_caller() -> None:
    check_unsafe(
        """
        class Engine:
            def load_from_disk(self, req):
                ok = self.worker.load(req)
                if ok and req.flush_cache:
                    assert self.flush_cache()
                    self.flush_cache()
                return ok

            def load_from_tensor(self, req):
                success = self.worker.copy(req)
                if success and req.flush_cache:
                    assert self.flush_cache()
                    self.flush_cache()
                return success
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush_cache:
                    assert self.flush_cache()
                    self.flush_cache()

            def load_from_disk(self, req):
                ok = self.worker.load(req)
                if ok:
                    self.flush_cache_after_load(req)
                return ok

            def load_from_tensor(self, req):
                success = self.worker.copy(req)
                if success:
                    self.flush_cache_after_load(req)
                return success
        ''',
    )


def test_a_branch_of_a_local_alone_stays_with_the_caller() -> None:
    check_unsafe(
        """
        class Engine:
            def load_from_disk(self, req):
                success, message = self.worker.load(req)
                if success:
                    flushed = self.flush_cache()
                    assert flushed
                else:
                    logger.error(message)
                return success

            def load_from_tensor(self, req):
                success, message = self.worker.copy(req)
                if success:
                    flushed = self.flush_cache()
                    assert flushed
                else:
                    logger.error(message)
                return message
        """,
        '''
        class Engine:
            def flush_cache_after_load(self):
                """Flush the cache after load."""
                flushed = self.flush_cache()
                assert flushed

            def load_from_disk(self, req):
                success, message = self.worker.load(req)
                if success:
                    self.flush_cache_after_load()
                else:
                    logger.error(message)
                return success

            def load_from_tensor(self, req):
                success, message = self.worker.copy(req)
                if success:
                    self.flush_cache_after_load()
                else:
                    logger.error(message)
                return message
        ''',
    )


def test_a_condition_that_all_copies_have_moves_as_a_whole() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if self.is_idle() and req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
                return 1

            def load_b(self, req):
                if self.is_idle() and req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
                return 2
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if self.is_idle() and req.flush_cache:
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req):
                self.flush_cache_after_load(req)
                return 1

            def load_b(self, req):
                self.flush_cache_after_load(req)
                return 2
        ''',
    )


def test_under_different_conditions_the_statements_alone_move() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if req.hard:
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()

            def load_b(self, req):
                if req.soft:
                    done = self.flush_cache()
                    assert done
                    self.flush_cache()
        """,
        '''
        class Engine:
            def flush_cache_after_load(self):
                """Flush the cache after load."""
                ok = self.flush_cache()
                assert ok
                self.flush_cache()

            def load_a(self, req):
                if req.hard:
                    self.flush_cache_after_load()

            def load_b(self, req):
                if req.soft:
                    self.flush_cache_after_load()
        ''',
    )


def test_an_elif_keeps_a_part_of_its_condition() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if req.dry:
                    self.step()
                elif self.ok and req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                self.step()
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req):
                if req.dry:
                    self.step()
                elif self.ok:
                    self.flush_cache_after_load(req)

            def load_b(self, req):
                self.flush_cache_after_load(req)
                self.step()
        ''',
    )


def test_a_condition_with_an_else_is_not_taken_apart() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if self.ok and req.flush:
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()
                else:
                    self.step()

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                    self.flush_cache()
                self.step()
        """,
        '''
        class Engine:
            def flush_cache_after_load(self):
                """Flush the cache after load."""
                ok = self.flush_cache()
                assert ok
                self.flush_cache()

            def load_a(self, req):
                if self.ok and req.flush:
                    self.flush_cache_after_load()
                else:
                    self.step()

            def load_b(self, req):
                if req.flush:
                    self.flush_cache_after_load()
                self.step()
        ''',
    )


def test_a_condition_over_several_lines_keeps_its_parentheses_only_if_it_needs_them() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                if(
                    self.ok
                    == True
                    and req.flush
                ):
                    ok = self.flush_cache()
                    assert ok
                self.step()

            def load_b(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                self.stop()
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req):
                if (self.ok
                    == True):
                    self.flush_cache_after_load(req)
                self.step()

            def load_b(self, req):
                self.flush_cache_after_load(req)
                self.stop()
        ''',
    )


def test_statements_in_a_row_move_together() -> None:
    check_unsafe(
        """
        import gc, torch

        class Engine:
            def load(self):
                self.model = build()
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
                return self

            def save(self):
                with open("x") as file:
                    gc.collect()
                    torch.cuda.empty_cache()
                    torch.cuda.synchronize()
                    return file
        """,
        '''
        import gc, torch

        class Engine:
            def collect_garbage_and_empty_cache(self):
                """Collect garbage and empty the cache."""
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()

            def load(self):
                self.model = build()
                self.collect_garbage_and_empty_cache()
                return self

            def save(self):
                with open("x") as file:
                    self.collect_garbage_and_empty_cache()
                    return file
        ''',
    )
