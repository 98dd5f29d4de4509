"""What is read of the properties of a device: `name` and `total_memory` have all backends, the others are CUDA's."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.catalogue.table import COMMON_PROPERTIES
from cudafix.matchers.references import Reference
from cudafix.syntax.assigned_values import reads_of
from cudafix.syntax.module import File


def cuda_only_property(reference: Reference, file: File) -> str:
    """Return an attribute of the properties that are asked for here, read here, that not all backends have; or ""."""
    return next((one for one in read_attributes(reference, file) if one not in COMMON_PROPERTIES), "")


def read_attributes(reference: Reference, file: File) -> Iterator[str]:
    """Yield the attributes that are read of what a call returns: at once, or of the name that it is given."""
    if reference.call is None:
        return
    for holder in reads_of(reference.call, file):
        parent = file.tree.parents.get(holder)
        if isinstance(parent, cst.Attribute) and parent.value is holder:
            yield parent.attr.value
        call = file.tree.call_around(holder)
        if call is not None and len(call.args) > 1 and isinstance(call.func, cst.Name):
            name = call.args[1].value
            if call.func.value in ("getattr", "hasattr") and isinstance(name, cst.SimpleString):
                yield str(name.evaluated_value)
