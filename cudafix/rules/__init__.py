"""All rules, in the order of their codes. A new rule is a new file and a new line here."""

from cudafix.rule import Rule
from cudafix.rules import (
    availability_guard,
    backend_branch,
    cuda_only_symbol,
    dispatch_ladder,
    hardcoded_amp,
    hardcoded_device_module,
    hardcoded_device_properties,
    hardcoded_device_selection,
    hardcoded_empty_cache,
    hardcoded_error,
    hardcoded_graph,
    hardcoded_is_available,
    hardcoded_memory_info,
    hardcoded_memory_statistics,
    hardcoded_random_state,
    hardcoded_stream,
    hardcoded_synchronize,
    hardcoded_tensor_type,
    unreadable_file,
    unused_suppression,
    wrong_branch,
)

RULES: tuple[Rule, ...] = (
    unreadable_file.rule,
    unused_suppression.rule,
    hardcoded_empty_cache.rule,
    hardcoded_memory_info.rule,
    hardcoded_memory_statistics.rule,
    hardcoded_synchronize.rule,
    hardcoded_device_selection.rule,
    hardcoded_device_properties.rule,
    hardcoded_is_available.rule,
    hardcoded_stream.rule,
    hardcoded_random_state.rule,
    hardcoded_amp.rule,
    hardcoded_graph.rule,
    hardcoded_device_module.rule,
    hardcoded_error.rule,
    hardcoded_tensor_type.rule,
    availability_guard.rule,
    dispatch_ladder.rule,
    wrong_branch.rule,
    backend_branch.rule,
    cuda_only_symbol.rule,
)

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}
