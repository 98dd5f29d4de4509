"""A branch → whether it is there for a torch older than the neutral functions run with."""

from __future__ import annotations

import re

import libcst as cst

from cudafix.syntax.expressions import last_name
from cudafix.syntax.module import File

OLDEST = (2, 4)
"""The oldest torch that the runtime supports."""

ASKS_VERSION = re.compile(r"torch(?:_|\.__)?version|TORCH_(?:VERSION|MAJOR|MINOR)", re.IGNORECASE)
NUMBER = re.compile(r"[\"'(\s,=<>](\d+)(?:\.|,\s*)(\d+)")
FLAG = re.compile(
    r"_?(?:is_)?torch_?(?:version)?_?(?:ge|gte|greater|newer|at_least|min|above)?_?v?(\d)[_.]?(\d{1,2})", re.I
)
"""The name of a flag that says from which torch on it is set: `TORCH_2_4`, `TORCH_1_13`, `IS_TORCH_GE_2_0`."""

CALLED = re.compile(r"(?:is_)?torch_version_(ge|gt|le|lt|greater|less)(?:_\w+)?", re.I)
"""A function that compares torch's version with two numbers: `torch_version_ge(2, 4)`."""

LESS = (cst.LessThan, cst.LessThanEqual)
MORE = (cst.GreaterThan, cst.GreaterThanEqual)


def is_for_old_torch(node: cst.CSTNode, file: File) -> bool:
    """Whether `node` stands in a branch that no torch takes that has the neutral functions.

    `if version.parse(torch.__version__) < version.parse("1.8"):`, and what `else` is left for after `>=`.
    """
    child = node
    for parent in file.tree.ancestors(node):
        if isinstance(parent, (cst.If, cst.IfExp)) and child is not parent.test:
            older = asks_for_older(parent.test, file)
            if older is not None and (child is parent.body) is older:
                return True
        child = parent
    return False


def asks_for_older(test: cst.BaseExpression, file: File) -> bool | None:
    """Return whether a test holds for old versions of torch alone, or fails for them alone; None for other tests."""
    flag = FLAG.fullmatch(last_name(test)) if isinstance(test, (cst.Name, cst.Attribute)) else None
    if flag is not None:
        return False if (int(flag[1]), int(flag[2])) <= OLDEST else None
    if isinstance(test, cst.Call):
        asked = CALLED.fullmatch(last_name(test.func))
        numbers = [int(one.value.value) for one in test.args[:2] if isinstance(one.value, cst.Integer)]
        is_older = asked is not None and len(numbers) == 2 and (numbers[0], numbers[1]) <= OLDEST
        return asked[1].lower() in ("lt", "le", "less") if is_older and asked is not None else None
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    left, target = test.left, test.comparisons[0]
    sides = file.code(left), file.code(target.comparator)
    operator = target.operator
    if ASKS_VERSION.search(sides[0]):
        found, is_less, is_more = NUMBER.search(f" {sides[1]}"), isinstance(operator, LESS), isinstance(operator, MORE)
    elif ASKS_VERSION.search(sides[1]):
        found, is_less, is_more = NUMBER.search(f" {sides[0]}"), isinstance(operator, MORE), isinstance(operator, LESS)
    else:
        return None
    if found is None or not (is_less or is_more):
        return None
    return is_less if (int(found[1]), int(found[2])) <= OLDEST else None
