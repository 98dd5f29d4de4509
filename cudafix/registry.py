"""Every rule as one row: its code, its file, and what is known of it without loading it.

A new rule is a file below `rules/` and a row here; nothing else writes its code. This module imports no rule: what a
rule does is loaded by `engine.rule_hooks`, and what it says of itself is read from its file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cudafix.docstrings import read_docstring

CUDA_ONLY_FAMILY = "CFX4"
"""What the codes of the rules begin with that find what is of CUDA by nature, which is counted apart."""


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        code: its code, by which it is selected and silenced.
        file: its module below `cudafix.rules`; the last part is its name.
        default: whether it is on where nobody selects it.
        prefilter: of which needles in `prefilter.needles` a file must have one for it; none where it finds nothing in
            files.
        needs_whole: whether it may find something in lines that a slice leaves out.
        setting: the setting that turns it on.
    """

    code: str
    file: str
    default: bool = True
    prefilter: tuple[str, ...] = ("functions",)
    needs_whole: bool = False
    setting: str = ""

    @property
    def name(self) -> str:
        """The slug: `functions/hardcoded_empty_cache.py` is `hardcoded-empty-cache`."""
        return self.file.rpartition(".")[2].replace("_", "-")

    @property
    def is_cuda_only(self) -> bool:
        """Whether it finds what is of CUDA by nature, which is counted apart."""
        return is_cuda_only(self.code)

    @property
    def doc(self) -> str:
        """The documentation: the docstring of its file, which is read and not run."""
        return read_docstring(f"rules/{self.file.replace('.', '/')}.py")

    @property
    def page(self) -> str:
        """The documentation as Markdown."""
        state = "on by default" if self.default else "opt-in"
        return f"# {self.name} ({self.code}, {state})\n\n{self.doc.strip()}\n"

    @property
    def summary(self) -> str:
        return self.doc.strip().partition("\n")[0].rstrip(".")


DEVICES = ("devices",)
ANY_DEVICE = ("functions", "devices")

RULES = (
    Rule("CFX001", "hygiene.unreadable_file"),
    Rule("CFX002", "hygiene.unused_suppression"),
    Rule("CFX003", "hygiene.stale_baseline_entry", prefilter=()),
    Rule("CFX004", "hygiene.unexplained_suppression", default=False, setting="require_reason"),
    Rule("CFX101", "functions.hardcoded_empty_cache"),
    Rule("CFX102", "functions.hardcoded_memory_info"),
    Rule("CFX103", "functions.hardcoded_memory_statistics"),
    Rule("CFX104", "functions.hardcoded_synchronize"),
    Rule("CFX105", "functions.hardcoded_device_selection"),
    Rule("CFX106", "functions.hardcoded_device_properties"),
    Rule("CFX107", "functions.hardcoded_is_available"),
    Rule("CFX108", "functions.hardcoded_stream"),
    Rule("CFX109", "functions.hardcoded_random_state"),
    Rule("CFX110", "functions.hardcoded_amp"),
    Rule("CFX111", "functions.hardcoded_graph"),
    Rule("CFX112", "functions.hardcoded_device_module"),
    Rule("CFX113", "functions.hardcoded_error"),
    Rule("CFX114", "functions.hardcoded_helper", prefilter=("helpers",)),
    Rule("CFX201", "devices.hardcoded_device_literal", default=False, prefilter=DEVICES, needs_whole=True),
    Rule("CFX202", "devices.hardcoded_cuda_method", default=False, prefilter=DEVICES, needs_whole=True),
    Rule("CFX203", "devices.hardcoded_is_cuda", default=False, prefilter=DEVICES, needs_whole=True),
    Rule("CFX204", "devices.hardcoded_device_comparison", default=False, prefilter=DEVICES, needs_whole=True),
    Rule("CFX205", "devices.hardcoded_tensor_type", default=False, needs_whole=True),
    Rule("CFX206", "devices.hardcoded_distributed_backend", default=False, prefilter=DEVICES, needs_whole=True),
    Rule("CFX207", "devices.hardcoded_test_device", default=False, prefilter=ANY_DEVICE, needs_whole=True),
    Rule("CFX301", "control_flow.availability_guard"),
    Rule("CFX302", "control_flow.dispatch_ladder"),
    Rule("CFX303", "control_flow.wrong_branch"),
    Rule("CFX304", "control_flow.repeated_flush_block", prefilter=("flushes",)),
    Rule("CFX305", "control_flow.backend_branch", default=False, prefilter=ANY_DEVICE, needs_whole=True),
    Rule("CFX401", "cuda_only.cuda_only_symbol", default=False),
    Rule("CFX402", "cuda_only.cuda_only_environment", default=False, prefilter=("variables",)),
    Rule("CFX403", "cuda_only.cuda_only_setting", default=False),
    Rule("CFX601", "mentions.outdated_mention", default=False, needs_whole=True),
    Rule("CFX602", "mentions.patched_backend_function", default=False, needs_whole=True),
)
"""All rules, in the order of their codes."""

BY_CODE = {rule.code: rule for rule in RULES}
BY_NAME = {rule.name: rule for rule in RULES}

UNREADABLE = BY_NAME["unreadable-file"].code
"""The rule for files that cannot be analysed."""

CUDA_ONLY = BY_NAME["cuda-only-symbol"].code
"""The rule for functions that are of CUDA by nature."""

STALE = BY_NAME["stale-baseline-entry"].code
"""The rule for entries of a baseline that fit nothing any more."""


def code_of(name: str) -> str:
    """Return the code of the rule that is called `name`."""
    return BY_NAME[name].code


def is_cuda_only(code: str) -> bool:
    """Whether what a rule finds is of CUDA by nature, and counted apart."""
    return code.startswith(CUDA_ONLY_FAMILY)


def names_rule(prefixes: Iterable[str], rule: Rule) -> bool:
    """Whether one of `prefixes` is that of the rule's code."""
    return any(rule.code.startswith(prefix) for prefix in prefixes)
