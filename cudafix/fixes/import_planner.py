"""The imports that a set of fixes needs, and those that it leaves unused.

In: the operations of the fixes. Out: an `ImportPlan`: how each place spells what its neutral form needs, and what
happens to import statements, which `rewriter` carries out on the tree and `text_edits` as text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from cudafix.files.source import Source
from cudafix.fixes.cells import Cells
from cudafix.fixes.import_placement import LINE_LENGTH, ImportAs, ImportStatement, Slot, Suite, find_slot
from cudafix.fixes.import_text import (
    from_import,
    is_marked_late,
    late_import_comment,
    parse_import,
    with_comment,
    with_names,
    with_opening_comment,
    without_names,
)
from cudafix.fixes.operations import Operations, Place, Substitution, names_in, names_that_go
from cudafix.fixes.star_imports import may_bring
from cudafix.fixes.unused_imports import Unused, find_unused, is_alone, lines_above, lines_below
from cudafix.replacements.replacement import ImportedName, is_module
from cudafix.syntax.module import File
from cudafix.syntax.scopes import BUILTINS, Binding, BindingKind, Scope, ScopeKind


@dataclass(frozen=True, eq=False)
class Insertion:
    """A new import line in `suite`, before statement number `slot.index`."""

    suite: cst.CSTNode
    slot: Slot
    code: str


@dataclass(frozen=True, eq=False)
class Inline:
    """A new import behind `statement` on the same line: `import torch; from x import y`."""

    statement: cst.BaseSmallStatement
    code: str


@dataclass(frozen=True, eq=False)
class Removal:
    """An import line that goes, with `above` blank lines right above it and `below` right below."""

    line: cst.CSTNode
    above: int = 0
    below: int = 0


@dataclass
class ImportPlan:
    """What becomes of the imports of a file, and what each place calls what it needs."""

    spelling: dict[Substitution, tuple[str, ...]] = field(default_factory=dict)
    insertions: list[Insertion] = field(default_factory=list)
    inlines: list[Inline] = field(default_factory=list)
    rewritten: dict[ImportStatement, ImportStatement] = field(default_factory=dict)
    removals: dict[cst.CSTNode, Removal] = field(default_factory=dict)
    marked: set[cst.CSTNode] = field(default_factory=set)
    """Lines with an import that the fixes leave unused and that stays: they get a `# noqa: F401`."""


@dataclass(frozen=True)
class Anchor:
    """An import statement of torch beside which a new import goes."""

    node: ImportStatement
    order: int
    suite: cst.CSTNode


def plan_imports(file: File, operations: Operations) -> ImportPlan:
    planner = Planner(file, operations)
    planner.spell_what_is_there()
    planner.find_anchors()
    planner.drop_unused()
    planner.spell_what_is_missing()
    planner.add_imports()
    planner.add_constants()
    planner.close_gaps()
    return planner.plan


class Planner:
    def __init__(self, file: File, operations: Operations) -> None:
        self.file = file
        self.names = file.names
        self.operations = operations
        self.substitutions = operations.all_substitutions
        self.plan = ImportPlan()
        self.missing: list[tuple[Place, ImportedName]] = []
        self.spelled: dict[tuple[Place, ImportedName], str] = {}
        self.imports_beside: dict[Anchor, dict[ImportedName, int]] = {}
        """The names to import beside each anchor, and the order of their first use in the anchor's scope."""
        self.unused = Unused()
        self.replaced: set[ImportStatement] = set()
        """Imports that go altogether."""
        self.local_names: dict[ImportedName, str] = {}
        self.suites: dict[cst.CSTNode, Suite] = {}
        self.cells = Cells(file)
        self.root_anchor = self.find_root_anchor()

    # What the file can say already

    def spell_what_is_there(self) -> None:
        for place, replacement in self.substitutions:
            for imported in replacement.imported_names:
                known = self.spell(place, imported)
                if known:
                    self.spelled[place, imported] = known
                else:
                    self.missing.append((place, imported))

    def spell(self, place: Place, imported: ImportedName) -> str:
        """Return what a place can call it without a new import; "" where it cannot."""
        return self.spell_own(imported) or self.spell_torch(place, imported) or self.spell_imported(place, imported)

    def spell_own(self, imported: ImportedName) -> str:
        """Return the name of what this very file defines, or is about to: that has no module."""
        return imported.name if not imported.module or is_module(self.file.path, imported.module) else ""

    def spell_torch(self, place: Place, imported: ImportedName) -> str:
        """Return `torch.accelerator` where the place already says `torch`, or could."""
        if imported.module != "torch" or place.root is None:
            return ""
        if not place.is_of_torch:
            found = self.names.imports_by_target.get("torch", ())
            return next((f"{one.name}.{imported.name}" for one in found if self.is_visible(one, place)), "")
        resolution = self.names.resolve_use(place.root)
        is_torch = resolution is not None and resolution.path == "torch"
        return f"{place.root.node.value}.{imported.name}" if is_torch else ""

    def keeps_root(self, place: Place, imported: ImportedName) -> bool:
        """Whether the new code begins with the very name that the old code begins with."""
        return place.is_of_torch and bool(self.spell_torch(place, imported))

    def spell_imported(self, place: Place, imported: ImportedName) -> str:
        """Return what the file calls it that has imported it already, if this place sees that."""
        found = self.names.imports_by_target.get(f"{imported.module}.{imported.name}", ())
        return next((one.name for one in found if self.is_visible(one, place)), "")

    def is_visible(self, binding: Binding, place: Place) -> bool:
        """Whether `binding` is all that its name means at a place."""
        scope = self.names.find_scope(binding.name, place.scope)
        if scope is not binding.scope or scope.bindings[binding.name] != [binding]:
            return False
        if not self.cells.is_seen(binding, place):
            return False
        if binding.scope is place.scope and binding.order > place.order:
            return False
        suite = self.file.tree.suite(binding.node)
        around = self.file.tree.suites(place.node)
        beside = {self.file.tree.suite(origin.node) for origin in place.origins}
        return suite in around or beside == {suite}

    # Beside which imports of torch the missing ones go

    def find_root_anchor(self) -> Anchor | None:
        origins = [origin for place, _ in self.substitutions for origin in place.origins]
        same_names = {origin.name for origin in origins}
        roots = [
            binding
            for name in same_names
            for binding in self.names.root.bindings.get(name, ())
            if binding.kind is BindingKind.IMPORT and binding.target.startswith("torch")
        ]
        anchors = [self.anchor(one) for one in roots if self.file.tree.suite(one.node) is self.file.module]
        return min(anchors, key=lambda one: one.order, default=None)

    def anchor(self, origin: Binding) -> Anchor:
        assert isinstance(origin.node, (cst.Import, cst.ImportFrom))
        return Anchor(origin.node, origin.order, self.file.tree.suite(origin.node))

    def find_anchors(self) -> None:
        for place, imported in self.missing:
            for anchor in self.anchors(place):
                first_uses = self.imports_beside.setdefault(anchor, {})
                first_uses[imported] = min(first_uses.get(imported, place.order), place.order)

    def anchors(self, place: Place) -> list[Anchor]:
        """Return the imports of torch that must have ours beside them for a place: one in each branch."""
        provider = self.cells.provider(place) if self.cells.is_apart(place) else None
        if provider is not None:
            return [self.anchor(provider)]
        found: dict[cst.CSTNode, Anchor] = {}
        for origin in place.origins:
            is_covered = self.root_anchor is not None and self.root_anchor.order <= origin.order
            first = self.root_anchor if self.root_anchor and is_covered else self.first_in_suite(origin)
            found[first.suite] = first
        return list(found.values())

    def first_in_suite(self, origin: Binding) -> Anchor:
        """Return the earliest import in the suite of `origin` that any place goes back to."""
        return self.first_anchors[self.file.tree.suite(origin.node)]

    @cached_property
    def first_anchors(self) -> dict[cst.CSTNode, Anchor]:
        """The earliest import that any place goes back to, by its suite."""
        found: dict[cst.CSTNode, Anchor] = {}
        for anchor in (self.anchor(origin) for place, _ in self.substitutions for origin in place.origins):
            if anchor.suite not in found or anchor.order < found[anchor.suite].order:
                found[anchor.suite] = anchor
        return found

    # Imports that nothing uses any more

    def drop_unused(self) -> None:
        self.unused = find_unused(self.file, self.names_gone(), [anchor.node for anchor in self.imports_beside])
        for node, aliases in self.unused.dropped.items():
            left = without_names(node, aliases)
            line = self.file.tree.parents[node]
            if left is not None:
                self.plan.rewritten[node] = left
                continue
            self.replaced.add(node)
            if is_alone(node, self.file):
                self.plan.removals[line] = Removal(line)
        for node in self.unused.kept:
            self.mark(node)

    def names_gone(self) -> set[cst.Name]:
        """Return the names that go with the old code, and that the new code does not say in their stead."""
        gone = {
            name
            for place, replacement in self.substitutions
            if place.root is not None and not self.keeps_root(place, replacement.imported)
            for name in names_in(place.node, self.names)
        }
        said = self.names_said_anew()
        gone |= names_that_go(self.operations, self.names)
        return {one for one in gone if (one.value, self.scope_of(one)) not in said}

    def scope_of(self, name: cst.Name) -> Scope | None:
        return self.names.find_scope(name.value, self.names.uses[name].scope)

    def names_said_anew(self) -> set[tuple[str, Scope | None]]:
        """Return the names that the new code says, with the scopes that they are found in."""
        found: set[tuple[str, Scope | None]] = set()
        for place, replacement in self.substitutions:
            names = set(replacement.names_said)
            if place.root is not None and self.keeps_root(place, replacement.imported):
                names.add(place.root.node.value)
            found |= {(one, self.names.find_scope(one, place.scope)) for one in names}
        for change in self.operations.changes:
            scopes = {self.names.uses[one].scope for one in names_in(change.node, self.names)} or self.names.scopes
            found |= {(name, self.names.find_scope(name, scope)) for name in change.names_said for scope in scopes}
        return found

    def mark(self, node: ImportStatement) -> None:
        """Tell linters that the import stays: on its first row, where they look for it."""
        current = self.plan.rewritten.get(node, node)
        marked = with_opening_comment(current)
        if marked is not None:
            self.plan.rewritten[node] = marked
        else:
            self.plan.marked.add(self.file.tree.parents[node])

    # What the missing ones are called

    def spell_what_is_missing(self) -> None:
        for place, imported in self.missing:
            self.spelled[place, imported] = self.local_name(imported)
        for place, replacement in self.substitutions:
            names = tuple(self.spelled[place, imported] for imported in replacement.imported_names)
            self.plan.spelling[Substitution(place, replacement)] = names

    def local_name(self, imported: ImportedName) -> str:
        if imported not in self.local_names:
            scopes = self.scopes_around(place for place, other in self.missing if other == imported)
            name, number = f"neutral_{imported.name}" if self.may_come_from_a_star(imported) else imported.name, 1
            while self.is_unbound(name) or any(self.is_taken(name, scope, imported) for scope in scopes):
                name = f"neutral_{imported.name}" + (str(number) if number > 1 else "")
                number += 1
            self.local_names[imported] = name
        return self.local_names[imported]

    def is_unbound(self, name: str) -> bool:
        """Whether the file reads `name` as a builtin, or as something that a star import brought."""
        return name in BUILTINS or name in self.names.unknown_names

    def may_come_from_a_star(self, imported: ImportedName) -> bool:
        """Whether a star import may bring another thing of that name, before ours or after it."""
        others = [module for module, _ in self.names.stars if module != imported.module]
        return any(may_bring(module, imported.name, self.file.path) for module in others)

    def scopes_around(self, places: Iterable[Place]) -> set[Scope]:
        scopes = {self.names.root}
        for place in places:
            scope: Scope | None = place.scope
            while scope is not None:
                if scope.kind is not ScopeKind.CLASS or scope is place.scope:
                    scopes.add(scope)
                scope = scope.parent
        return scopes

    def is_taken(self, name: str, scope: Scope, imported: ImportedName) -> bool:
        """Whether `name` is something else in `scope`, after the imports that go, or in a function may be unbound."""
        target = f"{imported.module}.{imported.name}"
        stays = [one for one in scope.bindings.get(name, ()) if one.alias not in self.unused.aliases]
        return any(one.target != target or (one.scope is scope and scope.kind is ScopeKind.FUNCTION) for one in stays)

    # Where they go

    def add_imports(self) -> None:
        for anchor, first_uses in self.imports_beside.items():
            for module in sorted({one.module for one in first_uses}):
                together = sorted((one for one in first_uses if one.module == module), key=lambda one: one.name)
                first_use = min(first_uses[one] for one in together)
                names = [(one.name, self.local_names[one]) for one in together]
                for group in self.suite(anchor.suite).statements_for(names):
                    self.add_import(anchor, module, group, first_use)

    def add_constants(self) -> None:
        for constant in self.operations.constants:
            spelling = self.plan.spelling[constant.value]
            code = f"{constant.name} = {constant.value.replacement.text(*spelling)}"
            self.plan.insertions.append(Insertion(self.file.module, Slot(constant.index, apart=True), code))

    def suite(self, node: cst.CSTNode) -> Suite:
        if node not in self.suites:
            removed, style = self.plan.removals.keys(), self.file.style
            self.suites[node] = Suite(node, self.file.tree.imports(node), removed, style, self.is_notebook)
        return self.suites[node]

    @cached_property
    def is_notebook(self) -> bool:
        return Source(self.file.path, self.file.data).may_be_notebook

    def add_import(self, anchor: Anchor, module: str, names: list[ImportAs], first_use: int) -> None:
        existing = self.find_existing(anchor, module, names, first_use)
        if existing is not None:
            current = self.plan.rewritten.get(existing, existing)
            assert isinstance(current, cst.ImportFrom)
            self.plan.rewritten[existing] = with_names(current, names, self.width(existing), self.file)
        elif not is_alone(anchor.node, self.file):
            self.add_inline(anchor.node, from_import(module, names, sys.maxsize))
        else:
            self.add_line(anchor, module, names)

    def find_existing(
        self, anchor: Anchor, module: str, names: list[ImportAs], first_use: int
    ) -> cst.ImportFrom | None:
        """Return a `from` import of `module` in the anchor's suite that runs before the first use and takes `names`."""
        suite = self.suite(anchor.suite)
        found = [
            binding.node
            for binding in self.names.imports_by_module.get(module, ())
            if isinstance(binding.node, cst.ImportFrom)
            and self.file.tree.suite(binding.node) is anchor.suite
            and (binding.order < first_use or binding.order < anchor.order)
            and binding.node not in self.replaced
            and self.cells.are_alike(binding.node, anchor.node)
            and suite.can_extend(binding.node, names)
        ]
        return found[0] if found else None

    def add_inline(self, statement: ImportStatement, code: str) -> None:
        """Put the import behind `statement` on its line, or in its place."""
        if statement in self.replaced and statement not in self.plan.rewritten:
            self.plan.rewritten[statement] = parse_import(code)
        else:
            self.plan.inlines.append(Inline(statement, code))

    def add_line(self, anchor: Anchor, module: str, names: list[ImportAs]) -> None:
        suite = self.suite(anchor.suite)
        slot = find_slot(suite, self.file.tree.position(self.file.tree.parents[anchor.node]), module, names[0])
        beside = self.file.lines[self.row(anchor.node)]
        takes_place = self.file.tree.parents[anchor.node] in self.plan.removals and not is_marked_late(beside)
        comment = ""
        if isinstance(anchor.suite, cst.Module) and not takes_place:
            comment = late_import_comment(suite.statements[: slot.index], beside)
        width = self.longest - len(self.file.indent(anchor.node)) - len(comment)
        code = from_import(module, names, width, self.file.style)
        self.plan.insertions.append(Insertion(anchor.suite, slot, with_comment(code, comment)))

    def width(self, node: ImportStatement) -> int:
        """Return how long the import may get; a comment behind it stays where it is and keeps it on one line."""
        line = self.file.lines[self.row(node)]
        return sys.maxsize if "#" in line else self.longest - len(self.file.indent(node))

    @property
    def longest(self) -> int:
        """How long a line may be."""
        return self.file.style.line_length or LINE_LENGTH

    def row(self, node: cst.CSTNode) -> int:
        return self.file.start(node).row - 1

    # Blank lines around imports that go

    def close_gaps(self) -> None:
        for line in self.plan.removals:
            parent = self.file.tree.parents[line]
            slots = {one.slot.index: one.slot for one in reversed(self.plan.insertions) if one.suite is parent}
            suite = self.suite(parent)
            index = self.file.tree.position(line)
            self.plan.removals[line] = Removal(line, lines_above(suite, index, slots), lines_below(suite, index, slots))
