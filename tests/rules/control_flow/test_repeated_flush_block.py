"""CFX304: which blocks are the same, and worth a method."""

from __future__ import annotations

from functools import partial

import checks

check_noop = partial(checks.check_noop, select=["CFX304"])
check_finds = partial(checks.check_finds, select=["CFX304"])


def test_one_copy_is_none() -> None:
    check_noop(
        """
        class Engine:
            def update(self, req):
                if req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
        """
    )


def test_two_copies_in_one_method_are_none() -> None:
    check_noop(
        """
        class Engine:
            def update(self, req):
                if req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
                self.step()
                if req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
        """
    )


def test_two_classes_share_no_method() -> None:
    check_noop(
        """
        class Engine:
            def load(self, req):
                if req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
                self.step()

        class Worker:
            def load(self, req):
                if req.flush_cache:
                    ok = self.flush_cache()
                    assert ok
                self.step()
        """
    )


def test_a_single_call_is_not_worth_a_method() -> None:
    check_noop(
        """
        import torch

        class Engine:
            def load(self):
                torch.cuda.empty_cache()
                self.flush_cache()
                return 1

            def save(self):
                torch.cuda.empty_cache()
                self.flush_cache()
                return 2
        """
    )


def test_a_call_under_a_condition_is_not_worth_a_method() -> None:
    check_noop(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    self.flush_cache()
                return 1

            def save(self, req):
                if req.flush:
                    self.flush_cache()
                return 2
        """
    )


def test_blocks_that_pass_different_arguments_are_not_the_same() -> None:
    check_noop(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    ok = self.flush_cache(hard=True)
                    assert ok
                return 1

            def save(self, req):
                if req.flush:
                    ok = self.flush_cache(hard=False)
                    assert ok
                return 2
        """
    )


def test_locals_that_change_places_are_not_the_same() -> None:
    check_noop(
        """
        class Engine:
            def load(self, a, b):
                if a.flush:
                    ok = self.flush_cache(b)
                    assert ok, a
                return 1

            def save(self, a, b):
                if a.flush:
                    ok = self.flush_cache(b)
                    assert ok, b
                return 2
        """
    )


def test_a_module_global_is_not_a_local_of_the_same_name() -> None:
    check_noop(
        """
        req = load()

        class Engine:
            def load(self):
                if req.flush:
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


def test_the_method_of_another_object_is_none_of_ours() -> None:
    check_noop(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    ok = self.worker.flush_cache()
                    assert ok
                return 1

            def save(self, req):
                if req.flush:
                    ok = self.worker.flush_cache()
                    assert ok
                return 2
        """
    )


def test_statements_that_have_nothing_to_do_with_the_cache_make_no_block() -> None:
    check_noop(
        """
        import torch

        class Layer:
            def process_int4(self, layer):
                layer.first = shuffle(layer.first)
                torch.cuda.empty_cache()
                layer.second = shuffle(layer.second)
                torch.cuda.empty_cache()
                self.finish(4)

            def process_fp8(self, layer):
                layer.first = shuffle(layer.first)
                torch.cuda.empty_cache()
                layer.second = shuffle(layer.second)
                torch.cuda.empty_cache()
                self.finish(8)
        """
    )


def test_what_leaves_the_method_or_waits_in_it_is_no_block() -> None:
    check_noop(
        """
        class Engine:
            def load(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    if not ok:
                        return 1
                self.step()

            def save(self, req):
                if req.flush:
                    ok = self.flush_cache()
                    if not ok:
                        return 1

            async def sleep(self, req):
                if req.flush:
                    await self.idle()
                    ok = self.flush_cache()
                    assert ok
                self.step()

            async def wake(self, req):
                if req.flush:
                    await self.idle()
                    ok = self.flush_cache()
                    assert ok
                self.stop()
        """
    )


def test_a_static_method_has_no_object_to_call_a_method_of() -> None:
    check_noop(
        """
        import gc, torch

        class Engine:
            @staticmethod
            def load(path):
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
                return 1

            @staticmethod
            def save(path):
                gc.collect()
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
                return 2
        """
    )


def test_says_where_the_copies_stand() -> None:
    source = """
    class Engine:
        def load(self, req):
            if req.flush:
                ok = self.flush_cache()
                assert ok
            return 1

        def save(self, req):
            if req.flush:
                ok = self.flush_cache()
                assert ok
            return 2

        def move(self, req):
            if req.flush:
                ok = self.flush_cache()
                assert ok
            return 3
    """
    check_finds(source, "3 CFX304 ")
    (found,) = checks.findings_in(source, select=["CFX304"])
    assert found.message == "a block that flushes a cache stands 3 times in this class: also on lines 9 and 15"
    assert (found.end.row, found.help) == (5, "move it into a method `flush_cache_if_requested`")


def test_a_block_that_empties_a_cache_carries_its_symbol() -> None:
    check_finds(
        """
        import gc, torch

        class Engine:
            def load(self):
                gc.collect()
                torch.xpu.empty_cache()
                torch.xpu.synchronize()
                return 1

            def save(self):
                gc.collect()
                torch.xpu.empty_cache()
                torch.xpu.synchronize()
                return 2
        """,
        "5 CFX304 torch.xpu.empty_cache",
    )
