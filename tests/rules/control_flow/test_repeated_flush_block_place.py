"""CFX304: where the new method goes, and what it is called."""

from __future__ import annotations

from functools import partial

import checks
from checks import findings_in
from command import invoke

check_stays = partial(checks.check_stays, select=["CFX304"])
check_unsafe = partial(checks.check_unsafe, select=["CFX304"], reason="review its name")


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


def test_a_name_that_only_a_comment_mentions_is_free() -> None:
    source = TWO_METHODS.format("load_a", "1  # see flush_now", "load_b")
    (found,) = findings_in(source, select=["CFX304"], helper_name="flush_now")
    assert found.help == "move it into a method `flush_now`"


def test_the_command_takes_the_name_and_reads_a_file_that_names_no_backend() -> None:
    source = TWO_METHODS.format("load_a", "1", "load_b")
    done = invoke("fix", "--isolated", "--unsafe-fixes", "--helper-name", "flush_now", "-", stdin=source)
    assert done.stdout.count("self.flush_now(req)\n") == 2
    assert done.exit_code == 0


def test_the_command_refuses_a_name_that_is_none() -> None:
    done = invoke("fix", "--isolated", "--helper-name", "flush now", "-", stdin="")
    assert (done.exit_code, "expected a name, got 'flush now'" in done.stderr) == (2, True)


def test_a_given_name_is_for_the_first_block_of_a_file() -> None:
    two_classes = TWO_METHODS.format("load_a", "1", "load_b") + TWO_METHODS.format("load_a", "1", "load_b")
    found = findings_in(two_classes, select=["CFX304"], helper_name="flush_now")
    assert [one.help.split("`")[1] for one in found] == ["flush_now", "flush_cache_after_load"]
