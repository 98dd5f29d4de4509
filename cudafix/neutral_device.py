"""The neutral name of a device where no function of a backend stands: what is said, and beside which import."""

from __future__ import annotations

import libcst as cst

from cudafix.change import Choice
from cudafix.inspection import Inspection
from cudafix.model import Safety
from cudafix.names import Binding, BindingKind, Resolution, Scope
from cudafix.neutral import Need, Neutral
from cudafix.references import Reference
from cudafix.substitutes import DEVICE_TYPE
from cudafix.symbols import look_up

ELSEWHERE = "names the accelerator that is active, and the CPU where there is none"
AT_IMPORT = "; the device is decided at import"


def neutral_device(
    node: cst.CSTNode, placed: cst.CSTNode, inspection: Inspection, template: str = "{}"
) -> Choice | None:
    """Return the choice that puts the type of the active device in the place of `node`; None where nothing is imported.

    `placed` is `node`, or what it is a part of, whose place the name table knows.
    """
    scope, order = inspection.file.names.places[placed]
    origin, symbol = find_origin(placed, scope, inspection), look_up("torch.cuda")
    if origin is None or symbol is None:
        return None
    reference = Reference(node, symbol, Resolution("torch", (origin,)), scope, order)
    reason = ELSEWHERE + (AT_IMPORT if scope.runs_at_import else "")
    need = Need(inspection.options.runtime_module, DEVICE_TYPE)
    return reference, Neutral(need, passed="", template=template, safety=Safety.UNSAFE, reason=reason)


def find_origin(node: cst.CSTNode, scope: Scope, inspection: Inspection) -> Binding | None:
    """Return the import that a new one stands beside: of torch if it is seen here, else another at the top."""
    names = inspection.file.names
    suites = names.suites(node)
    around: Scope | None = scope
    while around is not None:
        for bindings in around.bindings.values():
            for one in bindings:
                is_torch = one.kind is BindingKind.IMPORT and f"{one.target}.".startswith("torch.")
                if is_torch and not one.outer and names.suite(one.node) in suites:
                    return one
        around = around.parent
    at_the_top = [one for one in names.imports if names.suite(one.node) is inspection.file.module]
    return next((one for one in at_the_top if not one.target.startswith("__future__.")), None)
