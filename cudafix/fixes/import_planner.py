"""The imports that a set of fixes needs, and those that it leaves unused (design D8).

In: what is to be rewritten. Out: an `ImportPlan`: how each place spells its function, and
the changes to import statements, as plain operations that `rewrite` carries out on the tree and `edits` as text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import libcst as cst

from cudafix.fixes.import_style import LINE_LENGTH, ImportStatement, Name, Slot, Suite, find_slot
from cudafix.fixes.import_text import (
    from_import,
    late_import_comment,
    parse_import,
    with_comment,
    with_names,
    with_opening_comment,
    without_names,
)
from cudafix.fixes.operations import Operations, Place, Substitution, names_in, names_that_go
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
    spelling: dict[Substitution, tuple[str, ...]] = field(default_factory=dict)
    insertions: list[Insertion] = field(default_factory=list)
    inlines: list[Inline] = field(default_factory=list)
    rewritten: dict[ImportStatement, ImportStatement] = field(default_factory=dict)
    removals: dict[cst.CSTNode, Removal] = field(default_factory=dict)
    marked: set[cst.CSTNode] = field(default_factory=set)
    """Lines with an import that our rewrite left unused and that stay: they get a `# noqa: F401`."""


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
    planner.place_all()
    planner.place_constants()
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
        self.wanted: dict[Anchor, dict[ImportedName, int]] = {}
        """The names to import beside each anchor, and the order of their first use in the anchor's scope."""
        self.unused = Unused()
        self.replaced: set[ImportStatement] = set()
        """Imports that go altogether."""
        self.local_names: dict[ImportedName, str] = {}
        self.suites: dict[cst.CSTNode, Suite] = {}
        self.root_anchor = self.find_root_anchor()

    # What the file can say already

    def spell_what_is_there(self) -> None:
        for place, replacement in self.substitutions:
            for need in replacement.needs:
                known = self.spell_own(need) or self.spell_torch(place, need) or self.spell_imported(place, need)
                if known:
                    self.spelled[place, need] = known
                else:
                    self.missing.append((place, need))

    def spell_own(self, need: ImportedName) -> str:
        """Return the name of what this very file defines, or is about to: a need without a module."""
        return need.name if not need.module or is_module(self.file.path, need.module) else ""

    def spell_torch(self, place: Place, need: ImportedName) -> str:
        """Return `torch.accelerator` where the place already says `torch`, or could."""
        if need.module != "torch" or place.root is None:
            return ""
        if not place.is_of_torch:
            found = self.names.imports_by_target.get("torch", ())
            return next((f"{one.name}.{need.name}" for one in found if self.is_visible(one, place)), "")
        resolution = self.names.resolve_use(place.root)
        is_torch = resolution is not None and resolution.path == "torch"
        return f"{place.root.node.value}.{need.name}" if is_torch else ""

    def keeps_root(self, place: Place, need: ImportedName) -> bool:
        """Whether the new code begins with the very name that the old code begins with."""
        return place.is_of_torch and bool(self.spell_torch(place, need))

    def spell_imported(self, place: Place, need: ImportedName) -> str:
        """Return the name under which the file has imported the function already, if this place sees it."""
        found = self.names.imports_by_target.get(f"{need.module}.{need.name}", ())
        return next((one.name for one in found if self.is_visible(one, place)), "")

    def is_visible(self, binding: Binding, place: Place) -> bool:
        """Whether `binding` is all that its name means where the reference stands."""
        scope = self.names.find_scope(binding.name, place.scope)
        if scope is not binding.scope or scope.bindings[binding.name] != [binding]:
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
            one
            for name in same_names
            for one in self.names.root.bindings.get(name, ())
            if one.kind is BindingKind.IMPORT and one.target.startswith("torch")
        ]
        anchors = [self.anchor(one) for one in roots if self.file.tree.suite(one.node) is self.file.module]
        return min(anchors, key=lambda one: one.order, default=None)

    def anchor(self, origin: Binding) -> Anchor:
        assert isinstance(origin.node, (cst.Import, cst.ImportFrom))
        return Anchor(origin.node, origin.order, self.file.tree.suite(origin.node))

    def find_anchors(self) -> None:
        for place, need in self.missing:
            for anchor in self.anchors(place):
                uses = self.wanted.setdefault(anchor, {})
                uses[need] = min(uses.get(need, place.order), place.order)

    def anchors(self, place: Place) -> list[Anchor]:
        """Return the imports of torch that must have ours beside them for `reference`: one in each branch."""
        found: dict[cst.CSTNode, Anchor] = {}
        for origin in place.origins:
            is_covered = self.root_anchor is not None and self.root_anchor.order <= origin.order
            first = self.root_anchor if self.root_anchor and is_covered else self.first_in_suite(origin)
            found[first.suite] = first
        return list(found.values())

    def first_in_suite(self, origin: Binding) -> Anchor:
        """Return the earliest import in the suite of `origin` that another rewritten reference stands on as well."""
        suite = self.file.tree.suite(origin.node)
        origins = [one for place, _ in self.substitutions for one in place.origins]
        beside = [self.anchor(one) for one in origins if self.file.tree.suite(one.node) is suite]
        return min(beside, key=lambda one: one.order)

    # Imports that nothing uses any more

    def drop_unused(self) -> None:
        self.unused = find_unused(self.file, self.names_that_go(), [anchor.node for anchor in self.wanted])
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

    def names_that_go(self) -> set[cst.Name]:
        gone = {
            name
            for place, replacement in self.substitutions
            if place.root is not None and not self.keeps_root(place, replacement.need)
            for name in names_in(place.node, self.names)
        }
        said = self.names_said_anew()
        gone |= names_that_go(self.operations, self.names)
        return {
            one for one in gone if (one.value, self.names.find_scope(one.value, self.names.uses[one].scope)) not in said
        }

    def names_said_anew(self) -> set[tuple[str, Scope | None]]:
        """Return the names that the new code says, with the scopes that they are found in."""
        found: set[tuple[str, Scope | None]] = set()
        for place, replacement in self.substitutions:
            names = set(replacement.names_said)
            if place.root is not None and self.keeps_root(place, replacement.need):
                names.add(place.root.node.value)
            found |= {(one, self.names.find_scope(one, place.scope)) for one in names}
        for change in self.operations.changes:
            scopes = {self.names.uses[one].scope for one in names_in(change.node, self.names)} or self.names.scopes
            found |= {(name, self.names.find_scope(name, scope)) for name in change.says for scope in scopes}
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
        for place, need in self.missing:
            self.spelled[place, need] = self.local_name(need)
        for place, replacement in self.substitutions:
            names = tuple(self.spelled[place, need] for need in replacement.needs)
            self.plan.spelling[Substitution(place, replacement)] = names

    def local_name(self, need: ImportedName) -> str:
        if need not in self.local_names:
            scopes = self.scopes_around(place for place, other in self.missing if other == need)
            name, number = f"neutral_{need.name}" if self.may_come_from_a_star(need) else need.name, 1
            while self.is_unbound(name) or any(self.is_taken(name, scope, need) for scope in scopes):
                name = f"neutral_{need.name}" + (str(number) if number > 1 else "")
                number += 1
            self.local_names[need] = name
        return self.local_names[need]

    def is_unbound(self, name: str) -> bool:
        """Whether the file reads `name` as a builtin, or as something that a star import brought."""
        return name in BUILTINS or name in self.names.unknown_names

    def may_come_from_a_star(self, need: ImportedName) -> bool:
        """Whether a star import may bring another thing of that name, before ours or after it."""
        return any(module != need.module for module, _ in self.names.stars)

    def scopes_around(self, places: Iterable[Place]) -> set[Scope]:
        scopes = {self.names.root}
        for place in places:
            scope: Scope | None = place.scope
            while scope is not None:
                if scope.kind is not ScopeKind.CLASS or scope is place.scope:
                    scopes.add(scope)
                scope = scope.parent
        return scopes

    def is_taken(self, name: str, scope: Scope, need: ImportedName) -> bool:
        """Whether `name` is something else in `scope`, after the imports that go, or in a function may be unbound."""
        target = f"{need.module}.{need.name}"
        stays = [one for one in scope.bindings.get(name, ()) if one.alias not in self.unused.aliases]
        return any(one.target != target or (one.scope is scope and scope.kind is ScopeKind.FUNCTION) for one in stays)

    # Where they go

    def place_all(self) -> None:
        for anchor, uses in self.wanted.items():
            for module in sorted({need.module for need in uses}):
                needs = sorted((need for need in uses if need.module == module), key=lambda need: need.name)
                first_use = min(uses[need] for need in needs)
                names = [(need.name, self.local_names[need]) for need in needs]
                for group in self.suite(anchor.suite).statements_for(names):
                    self.place(anchor, module, group, first_use)

    def place_constants(self) -> None:
        for one in self.operations.constants:
            code = f"{one.name} = {one.value.replacement.text(*self.plan.spelling[one.value])}"
            self.plan.insertions.append(Insertion(self.file.module, Slot(one.index, apart=True), code))

    def suite(self, node: cst.CSTNode) -> Suite:
        if node not in self.suites:
            self.suites[node] = Suite(node, self.plan.removals.keys())
        return self.suites[node]

    def place(self, anchor: Anchor, module: str, names: list[Name], first_use: int) -> None:
        existing = self.find_existing(anchor, module, names, first_use)
        if existing is not None:
            current = self.plan.rewritten.get(existing, existing)
            assert isinstance(current, cst.ImportFrom)
            self.plan.rewritten[existing] = with_names(current, names, self.width(existing), self.file)
        elif not is_alone(anchor.node, self.file):
            self.place_inline(anchor.node, from_import(module, names, sys.maxsize))
        else:
            self.place_line(anchor, module, names)

    def find_existing(self, anchor: Anchor, module: str, names: list[Name], first_use: int) -> cst.ImportFrom | None:
        """Return a `from` import of `module` in the anchor's suite that runs before the first use and takes `names`."""
        suite = self.suite(anchor.suite)
        found = [
            one.node
            for one in self.names.imports_by_module.get(module, ())
            if isinstance(one.node, cst.ImportFrom)
            and self.file.tree.suite(one.node) is anchor.suite
            and (one.order < first_use or one.order < anchor.order)
            and one.node not in self.replaced
            and suite.can_extend(one.node, names)
        ]
        return found[0] if found else None

    def place_inline(self, statement: ImportStatement, code: str) -> None:
        """Put the import behind `statement` on its line, or in its place."""
        if statement in self.replaced and statement not in self.plan.rewritten:
            self.plan.rewritten[statement] = parse_import(code)
        else:
            self.plan.inlines.append(Inline(statement, code))

    def place_line(self, anchor: Anchor, module: str, names: list[Name]) -> None:
        suite = self.suite(anchor.suite)
        slot = find_slot(suite, self.file.tree.position(self.file.tree.parents[anchor.node]), module, names[0])
        comment = ""
        if isinstance(anchor.suite, cst.Module):
            comment = late_import_comment(suite.statements[: slot.index], self.file.lines[self.row(anchor.node)])
        code = from_import(module, names, LINE_LENGTH - len(self.file.indent(anchor.node)) - len(comment))
        self.plan.insertions.append(Insertion(anchor.suite, slot, with_comment(code, comment)))

    def width(self, node: ImportStatement) -> int:
        """Return how long the import may get; a comment behind it stays where it is and keeps it on one line."""
        line = self.file.lines[self.row(node)]
        return sys.maxsize if "#" in line else LINE_LENGTH - len(self.file.indent(node))

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
