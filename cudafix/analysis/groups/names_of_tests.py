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
    flag, around = flag_of(test, file), file.tree.ancestors(whole_condition(test, file))
    names: list[str] = []
    if flag is not None and flag.scope is file.names.root:
        names = [flag.name] if CONSTANT.match(flag.name) else []
    elif isinstance(around[0], cst.Assign):
        attributes = [one.target.attr.value for one in around[0].targets if isinstance(one.target, cst.Attribute)]
        names = [one for one in attributes if CONSTANT.match(one)]
    elif isinstance(around[0], cst.Return):
        names = [one.name.value for one in around if isinstance(one, cst.FunctionDef)][:1]
    return next(filter(SAYS_CUDA.search, names), "")


def false_mark(test: Reference, context: RuleContext) -> str:
    """Return the name of what a module makes of the answer: `skip_if_cuda = skipif(torch.cuda.is_available())`."""
    file = context.file
    around = file.tree.ancestors(whole_condition(test, file))
    statement = next((one for one in around if isinstance(one, (cst.Assign, cst.FunctionDef))), None)
    if not isinstance(statement, cst.Assign) or not isinstance(around[0], cst.Arg):
        return ""
    names = [one.target.value for one in statement.targets if isinstance(one.target, cst.Name)]
    return next(filter(SAYS_CUDA.search, names), "")
