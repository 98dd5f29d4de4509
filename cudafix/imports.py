"""The imports that a set of fixes needs, and those that it leaves unused (design D8).

In: the references to rewrite with their neutral forms. Out: an `ImportPlan`: how each place spells its function, and
the changes to import statements, as plain operations that `rewrite` carries out on the tree and `edits` as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import libcst as cst

from cudafix.file import File
from cudafix.import_style import Slot, find_slot, from_import, late_import_comment, with_comment, with_names
from cudafix.names import BUILTINS, Binding, BindingKind, Scope, ScopeKind, imported_module
from cudafix.neutral import Need, Neutral
from cudafix.references import Reference
from cudafix.unused import find_unused

Choice = tuple[Reference, Neutral]


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


@dataclass
class ImportPlan:
    spelling: dict[Reference, str] = field(default_factory=dict)
    insertions: list[Insertion] = field(default_factory=list)
    inlines: list[Inline] = field(default_factory=list)
    rewritten: dict[cst.Import | cst.ImportFrom, cst.Import | cst.ImportFrom] = field(default_factory=dict)
    removed: set[cst.CSTNode] = field(default_factory=set)
    """Whole import lines that go."""
    marked: set[cst.CSTNode] = field(default_factory=set)
    """Import lines that our rewrite left unused and that stay: they get a `# noqa: F401`."""


@dataclass(frozen=True)
class Anchor:
    """An import statement of torch beside which a new import goes."""

    node: cst.CSTNode
    order: int
    suite: cst.CSTNode


def plan_imports(file: File, choices: Sequence[Choice]) -> ImportPlan:
    planner = Planner(file, choices)
    planner.spell_all()
    planner.place_all()
    planner.drop_unused()
    return planner.plan


class Planner:
    def __init__(self, file: File, choices: Sequence[Choice]) -> None:
        self.file = file
        self.names = file.names
        self.choices = choices
        self.plan = ImportPlan()
        self.wanted: dict[Anchor, dict[Need, int]] = {}
        """The names to import beside each anchor, and the order of their first use in the anchor's scope."""
        self.local_names: dict[Need, str] = {}
        self.root_anchor = self.find_root_anchor()

    # How each place spells its function

    def spell_all(self) -> None:
        missing = []
        for reference, neutral in self.choices:
            spelling = self.spell_torch(reference, neutral.need) or self.spell_imported(reference, neutral.need)
            if spelling:
                self.plan.spelling[reference] = spelling
            else:
                missing.append((reference, neutral.need))
        for reference, need in missing:
            self.plan.spelling[reference] = self.local_name(need, missing)
            for anchor in self.anchors(reference):
                uses = self.wanted.setdefault(anchor, {})
                uses[need] = min(uses.get(need, reference.order), reference.order)

    def spell_torch(self, reference: Reference, need: Need) -> str:
        """Return `torch.accelerator` where the place already says `torch`."""
        if need.module != "torch" or reference.root is None:
            return ""
        resolution = self.names.resolve_use(reference.root)
        is_torch = resolution is not None and resolution.path == "torch"
        return f"{reference.root.node.value}.{need.name}" if is_torch else ""

    def spell_imported(self, reference: Reference, need: Need) -> str:
        """Return the name under which the file has imported the function already, if this place sees it."""
        target = f"{need.module}.{need.name}"
        scope: Scope | None = reference.scope
        while scope is not None:
            for name, bindings in scope.bindings.items():
                if [one.target for one in bindings] == [target] and self.is_visible(bindings[0], name, reference):
                    return name
            scope = scope.parent
        return ""

    def is_visible(self, binding: Binding, name: str, reference: Reference) -> bool:
        if self.names.find_scope(name, reference.scope) is not self.scope_of(binding) or binding.outer:
            return False
        if binding.scope is reference.scope and binding.order > reference.order:
            return False
        suite = self.names.suite(binding.node)
        around = self.names.suites(reference.node)
        beside = {self.names.suite(origin.node) for origin in reference.resolution.origins}
        return suite in around or beside == {suite}

    def scope_of(self, binding: Binding) -> Scope:
        return binding.scope.module if binding.outer else binding.scope

    def local_name(self, need: Need, missing: Iterable[tuple[Reference, Need]]) -> str:
        if need not in self.local_names:
            scopes = self.scopes_around(reference for reference, other in missing if other == need)
            unknown = self.names.unknown_names() | BUILTINS
            name, number = need.name, 1
            while name in unknown or any(self.is_taken(name, scope, need) for scope in scopes):
                name = f"neutral_{need.name}" + (str(number) if number > 1 else "")
                number += 1
            self.local_names[need] = name
        return self.local_names[need]

    def scopes_around(self, references: Iterable[Reference]) -> set[Scope]:
        scopes = {self.names.root}
        for reference in references:
            scope: Scope | None = reference.scope
            while scope is not None:
                if scope.kind is not ScopeKind.CLASS or scope is reference.scope:
                    scopes.add(scope)
                scope = scope.parent
        return scopes

    def is_taken(self, name: str, scope: Scope, need: Need) -> bool:
        target = f"{need.module}.{need.name}"
        return any(one.target != target for one in scope.bindings.get(name, ()))

    # Where new imports go

    def find_root_anchor(self) -> Anchor | None:
        origins = [origin for reference, _ in self.choices for origin in reference.resolution.origins]
        same_names = {origin.name for origin in origins}
        roots = [
            one
            for name in same_names
            for one in self.names.root.bindings.get(name, ())
            if one.kind is BindingKind.IMPORT and one.target.startswith("torch")
        ]
        anchors = [self.anchor(one) for one in roots if self.names.suite(one.node) is self.file.module]
        return min(anchors, key=lambda one: one.order, default=None)

    def anchor(self, origin: Binding) -> Anchor:
        return Anchor(origin.node, origin.order, self.names.suite(origin.node))

    def anchors(self, reference: Reference) -> list[Anchor]:
        """Return the imports of torch that must have ours beside them for `reference`: one in each branch."""
        root = self.root_anchor
        if root is not None and (root.order < reference.order or reference.scope is not self.names.root):
            return [root]
        found: dict[cst.CSTNode, Anchor] = {}
        for origin in reference.resolution.origins:
            first = self.first_in_suite(origin)
            found[first.suite] = first
        return list(found.values())

    def first_in_suite(self, origin: Binding) -> Anchor:
        """Return the earliest import in the suite of `origin` that another rewritten reference stands on as well."""
        suite = self.names.suite(origin.node)
        origins = [one for reference, _ in self.choices for one in reference.resolution.origins]
        beside = [self.anchor(one) for one in origins if self.names.suite(one.node) is suite]
        return min(beside, key=lambda one: one.order)

    def place_all(self) -> None:
        for anchor, uses in self.wanted.items():
            for module in sorted({need.module for need in uses}):
                needs = sorted((need for need in uses if need.module == module), key=lambda need: need.name)
                first_use = min(uses[need] for need in needs)
                names = [(need.name, self.local_names[need]) for need in needs]
                self.place(anchor, module, names, first_use)

    def place(self, anchor: Anchor, module: str, names: list[tuple[str, str]], first_use: int) -> None:
        existing = self.find_existing(anchor, module, first_use)
        if existing is not None:
            current = self.plan.rewritten.get(existing, existing)
            assert isinstance(current, cst.ImportFrom)
            self.plan.rewritten[existing] = with_names(current, names, self.file, self.indent(existing))
            return
        line = self.names.parents[anchor.node]
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1:
            assert isinstance(anchor.node, cst.BaseSmallStatement)
            self.plan.inlines.append(Inline(anchor.node, from_import(module, names, "", 10_000)))
            return
        assert isinstance(anchor.suite, (cst.Module, cst.IndentedBlock))
        statements = self.statements(anchor.suite)
        slot = find_slot(statements, statements.index(line), module, self.file)
        indent = self.indent(anchor.node)
        code = from_import(module, names, indent, split=self.splits_names(anchor.suite))
        comment = late_import_comment(self.statements(anchor.suite)[: slot.index])
        if isinstance(anchor.suite, cst.Module) and comment:
            code = with_comment(code, comment)
        self.plan.insertions.append(Insertion(anchor.suite, slot, code))

    def statements(self, suite: cst.CSTNode) -> list[cst.CSTNode]:
        assert isinstance(suite, (cst.Module, cst.IndentedBlock))
        return list(suite.body)

    def find_existing(self, anchor: Anchor, module: str, first_use: int) -> cst.ImportFrom | None:
        """Return a `from` import of `module` in the anchor's suite that runs before the first use."""
        for scope in self.names.scopes:
            for bindings in scope.bindings.values():
                for one in bindings:
                    if (
                        isinstance(one.node, cst.ImportFrom)
                        and imported_module(one.node) == module
                        and self.names.suite(one.node) is anchor.suite
                        and (one.order < first_use or one.order < anchor.order)
                    ):
                        return one.node
        return None

    def indent(self, node: cst.CSTNode) -> str:
        line = self.file.lines[self.file.start(node).row - 1]
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    def splits_names(self, suite: cst.CSTNode) -> bool:
        """Whether the file writes one `from` import a name: two lines in a row import one name of the same module."""
        modules: list[str] = []
        for statement in self.statements(suite):
            node = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
            if isinstance(node, cst.ImportFrom) and imports_one_name(node):
                if modules and modules[-1] == imported_module(node):
                    return True
                modules.append(imported_module(node))
            else:
                modules.append("")
        return False

    # Imports that nothing uses any more

    def drop_unused(self) -> None:
        gone = {
            reference.root.node
            for reference, neutral in self.choices
            if reference.root is not None and not self.spell_torch(reference, neutral.need)
        }
        inserted = {one.suite for one in self.plan.insertions}
        dropped: dict[cst.Import | cst.ImportFrom, list[cst.ImportAlias]] = {}
        for unused in find_unused(self.file, gone, inserted):
            if unused.keep:
                self.plan.marked.update(unused.lines)
            elif unused.line is not None:
                self.plan.removed.add(unused.line)
            else:
                dropped.setdefault(unused.node, []).append(unused.alias)
        for node, aliases in dropped.items():
            self.drop_names(node, aliases)

    def drop_names(self, node: cst.Import | cst.ImportFrom, aliases: Sequence[cst.ImportAlias]) -> None:
        new = without_names(self.plan.rewritten.get(node, node), aliases)
        line = self.names.parents[node]
        if new is not None:
            self.plan.rewritten[node] = new
        elif isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
            self.plan.removed.add(line)


def imports_one_name(node: cst.ImportFrom) -> bool:
    return not isinstance(node.names, cst.ImportStar) and len(node.names) == 1 and node.names[0].asname is None


def without_names(
    node: cst.Import | cst.ImportFrom, aliases: Sequence[cst.ImportAlias]
) -> cst.Import | cst.ImportFrom | None:
    """Return `node` without `aliases`, None when nothing is left of it."""
    assert not isinstance(node.names, cst.ImportStar)
    kept = [one for one in node.names if one not in aliases]
    if kept and node.names[-1] is not kept[-1]:
        kept[-1] = kept[-1].with_changes(comma=node.names[-1].comma)
    return node.with_changes(names=tuple(kept)) if kept else None
