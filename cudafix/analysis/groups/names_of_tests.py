"""A test for CUDA → the name that would become false with it: `def has_cuda(): return torch.cuda.is_available()`.

Those who call it, in other files as well, take it at its word. So do those who read a constant of a module, `HAS_CUDA`;
other flags (`use_cuda`) say what to do, and are of one program.
"""

from __future__ import annotations

import re

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.availability import flag_of, whole_condition
from cudafix.matchers.references import Reference

CONSTANT = re.compile(r"_*(?:[A-Z0-9_]+$|(?:is|has)_)")
SAYS_CUDA = re.compile(r"cuda|nvidia", re.IGNORECASE)


def false_name(test: Reference, context: RuleContext) -> str:
    """Return the name of the function that returns what `test` answers, or of the constant that holds it."""
    file = context.file
    flag = flag_of(test, file)
    name = ""
    if flag is not None and flag.scope is file.names.root and CONSTANT.match(flag.name):
        name = flag.name
    elif isinstance(statement := file.tree.parents.get(whole_condition(test, file)), cst.Assign):
        attributes = [one.target for one in statement.targets if isinstance(one.target, cst.Attribute)]
        name = next((one.attr.value for one in attributes if CONSTANT.match(one.attr.value)), "")
    elif isinstance(file.tree.parents.get(whole_condition(test, file)), cst.Return):
        functions = [one for one in file.tree.ancestors(test.node) if isinstance(one, cst.FunctionDef)]
        name = functions[0].name.value if functions else ""
    return name if SAYS_CUDA.search(name) else ""
