"""CFX304: what the new method is given, and what moves with it."""

from __future__ import annotations

from functools import partial

import checks

check_unsafe = partial(checks.check_unsafe, select=["CFX304"], reason="review its name")


def test_free_locals_become_parameters_in_the_order_of_their_first_use_named_as_in_the_first_copy() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, hard, req):
                level = req.level
                if req.flush:
                    ok = self.flush_cache(hard, level, [one for one in req.tags])
                    assert ok, f"{level}: {hard}"
                return 1

            def load_b(this, request, force):
                much = 1
                if request.flush:
                    done = this.flush_cache(force, much, [one for one in request.tags])
                    assert done, f"{much}: {force}"
                return 2
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req, hard, level):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache(hard, level, [one for one in req.tags])
                    assert ok, f"{level}: {hard}"

            def load_a(self, hard, req):
                level = req.level
                self.flush_cache_after_load(req, hard, level)
                return 1

            def load_b(this, request, force):
                much = 1
                this.flush_cache_after_load(request, force, much)
                return 2
        ''',
    )


def test_annotations_stay_where_the_callers_agree() -> None:
    check_unsafe(
        """
        from engine import A, B, Engine

        class Mixin:
            def load_a(self: Engine, req: A, hard: bool) -> int:
                if req.flush:
                    ok = self.flush_cache(hard)
                    assert ok
                return 1

            def load_b(self, req: B, hard: bool):
                if req.flush:
                    ok = self.flush_cache(hard)
                    assert ok
                return 2
        """,
        '''
        from engine import A, B, Engine

        class Mixin:
            def flush_cache_after_load(self: Engine, req, hard: bool) -> None:
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache(hard)
                    assert ok

            def load_a(self: Engine, req: A, hard: bool) -> int:
                self.flush_cache_after_load(req, hard)
                return 1

            def load_b(self, req: B, hard: bool):
                self.flush_cache_after_load(req, hard)
                return 2
        ''',
    )


def test_class_methods_share_a_class_method() -> None:
    check_unsafe(
        """
        import gc, torch

        class Engine:
            @classmethod
            def load_a(cls):
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
                return 1

            @classmethod
            def load_b(cls):
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
                return 2
        """,
        '''
        import gc, torch

        class Engine:
            @classmethod
            def empty_cache_after_load(cls):
                """Empty the cache after load."""
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()

            @classmethod
            def load_a(cls):
                cls.empty_cache_after_load()
                return 1

            @classmethod
            def load_b(cls):
                cls.empty_cache_after_load()
                return 2
        ''',
    )


def test_copies_in_one_method_bind_the_same_local() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req, other):
                if req.flush:
                    ok = self.flush_cache()
                    assert ok
                self.step()
                if other.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_b(self, reqs):
                for req in reqs:
                    if req.flush:
                        ok = self.flush_cache()
                        assert ok
        """,
        '''
        class Engine:
            def flush_cache_after_load(self, req):
                """Flush the cache after load."""
                if req.flush:
                    ok = self.flush_cache()
                    assert ok

            def load_a(self, req, other):
                self.flush_cache_after_load(req)
                self.step()
                self.flush_cache_after_load(other)

            def load_b(self, reqs):
                for req in reqs:
                    self.flush_cache_after_load(req)
        ''',
    )


def test_what_the_block_itself_imports_moves_with_it() -> None:
    check_unsafe(
        """
        import torch

        class Engine:
            def load_a(self):
                import gc
                gc.collect()
                torch.cuda.empty_cache()
                return 1

            def load_b(self):
                import gc
                gc.collect()
                torch.cuda.empty_cache()
                return 2
        """,
        '''
        import torch

        class Engine:
            def empty_cache_after_load(self):
                """Empty the cache after load."""
                import gc
                gc.collect()
                torch.cuda.empty_cache()

            def load_a(self):
                self.empty_cache_after_load()
                return 1

            def load_b(self):
                self.empty_cache_after_load()
                return 2
        ''',
    )


def test_the_largest_part_that_can_move_does() -> None:
    check_unsafe(
        """
        class Engine:
            def load_a(self, req):
                ok = self.flush_cache()
                assert ok
                self.flush_cache()
                done = self.flush_cache()
                return done

            def load_b(self, req):
                ok = self.flush_cache()
                assert ok
                self.flush_cache()
                done = self.flush_cache()
                return not done
        """,
        '''
        class Engine:
            def flush_cache_after_load(self):
                """Flush the cache after load."""
                ok = self.flush_cache()
                assert ok
                self.flush_cache()

            def load_a(self, req):
                self.flush_cache_after_load()
                done = self.flush_cache()
                return done

            def load_b(self, req):
                self.flush_cache_after_load()
                done = self.flush_cache()
                return not done
        ''',
    )
