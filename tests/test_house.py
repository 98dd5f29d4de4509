"""The house itself (docs/architecture.md): imports run down, no module is in a circle, and nothing heavy is loaded
before it is needed.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import cudafix
from cudafix.catalogue.backends import BACKENDS
from cudafix.registry import RULES

PACKAGE = Path(cudafix.__file__).parent
FLOORS = (
    "version errors docstrings model runtime", "registry", "files catalogue", "config", "syntax",
    "documents prefilter suppressions", "matchers", "replacements", "fixes", "analysis", "rules", "engine", "api",
    "formats", "report", "commands", "server", "codemod flake8_plugin cli", "__main__ __init__",
)  # fmt: skip
"""From the ground up: a package imports from those below it, and within itself."""

ROOMS_OF_ANALYSIS = ("context match", "control_flow", "functions", "devices repetition groups")
"""The same for what is in `analysis`."""

WITHOUT_LIBCST = ("model", "registry", "catalogue", "files", "config", "version", "runtime")


def module_name(path: Path) -> str:
    """Return the dotted name of a module below `cudafix`."""
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
FULL = {name: path for name, path in MODULES.items() if path.name != "__init__.py"}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the modules, and what is imported of them, of every import of cudafix: at the top, late, and for types."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cudafix":
            module = str(node.module).removeprefix("cudafix").lstrip(".")
            for alias in node.names:
                full = f"{module}.{alias.name}".lstrip(".")
                yield (full, "") if full in MODULES else (module or "__init__", alias.name)
        elif isinstance(node, ast.Import):
            yield from ((one.name[8:] or "__init__", "") for one in node.names if one.name.split(".")[0] == "cudafix")


def imports_libcst(path: Path) -> bool:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = [one.module or "" for one in nodes if isinstance(one, ast.ImportFrom)]
    modules += [alias.name for one in nodes if isinstance(one, ast.Import) for alias in one.names]
    return any(one.split(".")[0] == "libcst" for one in modules)


def floor(name: str, floors: tuple[str, ...]) -> int:
    return next(number for number, one in enumerate(floors) if name in one.split())


def climbs(own: str, other: str) -> bool:
    """Whether an import of the module `other` in the module `own` does not lead down."""
    (package, _, rest), (other_package, _, other_rest) = own.partition("."), other.partition(".")
    if package != other_package:
        return floor(other_package, FLOORS) >= floor(package, FLOORS)
    room, other_room = rest.split(".")[0], other_rest.split(".")[0]
    if package != "analysis" or room == other_room:
        return False
    return floor(other_room, ROOMS_OF_ANALYSIS) >= floor(room, ROOMS_OF_ANALYSIS)


def in_packages(*packages: str) -> list[str]:
    return [name for name in FULL if name.split(".")[0] in packages]


def test_imports_run_down() -> None:
    arrows = [(name, other) for name, path in MODULES.items() for other, _ in imports(path) if other != name]
    assert [f"{name} -> {other}" for name, other in arrows if climbs(name, other)] == []


def test_no_module_is_in_a_circle() -> None:
    graph = {name: {other for other, _ in imports(path)} - {name} for name, path in MODULES.items()}
    TopologicalSorter(graph).prepare()


def test_no_package_is_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        below = {other.split(".")[0] for other, _ in imports(path)}
        graph.setdefault(name.split(".")[0], set()).update(below)
    TopologicalSorter({package: others - {package} for package, others in graph.items()}).prepare()


def test_a_package_says_nothing_of_its_own() -> None:
    packages = {name: path for name, path in MODULES.items() if path.name == "__init__.py"}
    assert [name for name, path in packages.items() if path.read_text(encoding="utf-8")] == ["__init__", "formats"]


def test_the_runtime_imports_nothing_of_cudafix() -> None:
    assert list(imports(MODULES["runtime"])) == []


def test_nobody_but_the_command_line_imports_the_runtime() -> None:
    users = [name for name, path in MODULES.items() if any(other == "runtime" for other, _ in imports(path))]
    assert [one for one in users if one.split(".")[0] not in ("commands", "cli")] == []


def test_what_is_known_without_a_tree_imports_no_libcst() -> None:
    assert [name for name in in_packages(*WITHOUT_LIBCST) if imports_libcst(FULL[name])] == []


def test_syntax_names_no_backend() -> None:
    named = re.compile(rf"(?<![a-z])(?:torch|{'|'.join(BACKENDS)})(?![a-z])", re.IGNORECASE)
    assert [name for name in in_packages("syntax") if named.search(FULL[name].read_text(encoding="utf-8"))] == []


def test_every_file_of_the_rules_is_one_with_a_row() -> None:
    files = [name.removeprefix("rules.") for name in FULL if name.startswith("rules.")]
    assert sorted(files) == sorted(rule.file for rule in RULES)


def test_the_code_of_a_rule_is_written_in_the_registry_alone() -> None:
    nodes = [(name, node) for name, path in FULL.items() for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    texts = [(name, node.value) for name, node in nodes if isinstance(node, ast.Constant)]
    codes = [name for name, text in texts if isinstance(text, str) and re.fullmatch(r"CFX\d{3}", text)]
    assert set(codes) == {"registry"}


NETWORK = {"ftplib", "http", "httpx", "imaplib", "poplib", "requests", "smtplib", "socket", "ssl", "urllib", "xmlrpc"}


def test_no_module_imports_what_talks_to_other_machines() -> None:
    nodes = [node for path in MODULES.values() for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    modules = {one.module or "" for one in nodes if isinstance(one, ast.ImportFrom)}
    modules |= {alias.name for one in nodes if isinstance(one, ast.Import) for alias in one.names}
    assert "subprocess" in modules
    assert {one for one in modules - {"urllib.parse"} if one.split(".")[0] in NETWORK} == set()


def test_nobody_imports_a_rule() -> None:
    arrows = [(name, other) for name, path in MODULES.items() for other, _ in imports(path)]
    assert [f"{name} -> {other}" for name, other in arrows if other.startswith("rules.")] == []


def test_nodes_stay_below_the_analysis() -> None:
    """Who shows or writes what was found sees no tree, but plain data."""
    names = in_packages("api", "formats", "report", "commands", "server", "cli")
    assert [name for name in names if imports_libcst(FULL[name])] == []


def test_nothing_of_a_file_is_remembered_beside_its_context() -> None:
    """A memo in a module outlives the file that it is about, and is asked in vain for the next."""
    assert [name for name, path in MODULES.items() if "lru_cache" in path.read_text(encoding="utf-8")] == []


def test_a_memo_of_a_module_knows_no_node_and_no_file() -> None:
    cached = [
        f"{name}: {node.name}"
        for name, path in FULL.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and "cache" in [ast.unparse(one) for one in node.decorator_list]
        if re.search(r"\b(?:File|RuleContext|NameTable|Tree|cst)\b", ast.unparse(node.args))
    ]
    assert cached == []


def test_tests_lie_in_folders_of_the_packages() -> None:
    """Beside those that are about no package: published trees, examples of interfaces, proofs by hand, the runtime."""
    folders = {path.name for path in Path(__file__).parent.iterdir() if list(path.glob("**/test_*.py"))}
    assert folders - {"corpus", "runtime"} <= {path.name for path in PACKAGE.iterdir() if path.is_dir()}


def test_what_mutants_are_made_of_is_there() -> None:
    settings = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.mutmut]")[2]
    named = re.findall(r'"((?:cudafix|tests)/[\w./]+)"', settings.partition("\n[")[0])
    assert len(named) > 4
    assert [name for name in named if not (PACKAGE.parent / name).exists()] == []


def test_the_runtime_loads_no_torch() -> None:
    code = "import sys; import cudafix.runtime; print('torch' in sys.modules)"
    assert printed_by(code) == "False\n"


def test_listing_the_rules_loads_none_and_no_libcst() -> None:
    code = (
        "import sys; from cudafix.registry import RULES; [rule.page for rule in RULES]; "
        "print([one for one in sys.modules if one.startswith(('libcst', 'cudafix.rules'))])"
    )
    assert printed_by(code) == "[]\n"


def test_validating_a_code_imports_no_rule() -> None:
    code = (
        "import sys; from cudafix.config.settings import read_codes; read_codes(['CFX1', 'hardcoded-stream']); "
        "print([one for one in sys.modules if one.startswith(('libcst', 'cudafix.rules'))])"
    )
    assert printed_by(code) == "[]\n"


def printed_by(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
