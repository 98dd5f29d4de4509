"""The pages that are made from the program itself: `python docs/make.py` writes them, a test holds them current."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import click

from cudafix.catalogue.support import COLUMNS, backends_with
from cudafix.catalogue.table import BACKEND_ONLY, ROWS
from cudafix.cli import cli
from cudafix.commands.explain import cell, forms_of, neutral_functions, page_of_neutral
from cudafix.config.options import INTERNAL, Options
from cudafix.registry import CUDA_ONLY, RULES

FOLDER = Path(__file__).parent


def head(source: str, title: str) -> str:
    return f"<!-- Made from {source} by `python docs/make.py`: edit that. -->\n\n# {title}\n\n"


def rules_page() -> str:
    pages = [re.sub(r"^(#+) ", r"#\1 ", rule.page, flags=re.MULTILINE) for rule in RULES]
    table = "All of them in a table: [What is found, and what is not](found.md).\n\n"
    return head("the docstrings in cudafix/rules", "Rules") + table + "\n".join(pages)


def symbols_page() -> str:
    """Return a table of all functions that have a row, but for those that CUDA alone has."""
    return head("cudafix/catalogue", "Functions") + "\n".join(symbol_lines()) + "\n"


def symbol_lines() -> Iterator[str]:
    yield "What stands for each function of `torch.cuda`, and of the other backends' modules, and since which torch"
    yield "each of them has it (npu: torch_npu). `cudafix explain torch.cuda.mem_get_info` says more of one."
    yield ""
    yield f"| below `torch.cuda` | rule | runtime | torch's own | {' | '.join(COLUMNS)} |"
    yield "|---|---|---|---|" + "---|" * len(COLUMNS)
    for row in ROWS.values():
        if row.code != CUDA_ONLY and row.name:
            forms = {route.split(",")[0]: f"`{without_parameters(form)}`" for route, form, _ in forms_of(row)}
            native = forms.get("accelerator") or forms.get("all") or ""
            since = backends_with(row.name)
            cells = " | ".join(cell(since.get(one)) for one in COLUMNS)
            yield f"| `{row.name}` | {row.code} | {forms.get('runtime', '')} | {native} | {cells} |"
    yield ""
    yield "## Of one backend alone (CFX401)"
    yield ""
    yield f"* cuda: {', '.join(f'`{row.name}`' for row in ROWS.values() if row.code == CUDA_ONLY)}"
    for backend, names in BACKEND_ONLY.items():
        yield f"* {backend}: {', '.join(f'`{one}`' for one in names.split())}"


def without_parameters(form: str) -> str:
    return form if form.startswith("device_module()") else form.partition("(")[0]


def runtime_page() -> str:
    return head("the docstrings in cudafix/runtime.py", "The runtime") + "\n".join(runtime_lines()) + "\n"


def runtime_lines() -> Iterator[str]:
    yield "What rewritten code imports from `cudafix.runtime`, or from the copy that `cudafix vendor` makes. Which"
    yield "backend is active, and how one says that it differs: [backends.md](backends.md)."
    for name in neutral_functions():
        yield "\n" + "\n".join(page_of_neutral(name)).replace("# cudafix.runtime.", "## ", 1)


def configuration_page() -> str:
    return head("cudafix/config/options.py", "Configuration") + "\n".join(configuration_lines()) + "\n"


def configuration_lines() -> Iterator[str]:
    yield "The keys of `[tool.cudafix]` in the closest `pyproject.toml`, or of a `cudafix.toml`. Flags of the same name"
    yield "stand before them."
    yield ""
    yield "| key | what | default |"
    yield "|---|---|---|"
    text = inspect.cleandoc(Options.__doc__ or "")  # Python 3.13 has taken the indentation away itself
    said = dict(re.findall(r"^    (\w+): (.*(?:\n        .*)*)", text, re.MULTILINE))
    for field in fields(Options):
        if field.name not in INTERNAL:
            text = " ".join(said[field.name].split())
            yield f"| `{field.name.replace('_', '-')}` | {text} | {default_of(field.default)} |"
    yield ""
    yield "## Example"
    yield ""
    yield "What `preset`, `route` and `targets` do: [Fix with the project's own helpers](targets.md)."
    yield ""
    yield from EXAMPLE.splitlines()


EXAMPLE = """\
```toml
[tool.cudafix]
select = ["CFX1"]                       # codes, prefixes, names or ALL; default: the rules that are on
extend-select = ["CFX401"]
ignore = ["hardcoded-graph"]
per-file-ignores = { "tests/*" = ["CFX1"] }
extend-exclude = ["third_party"]        # `exclude` replaces the built-in list
preset = "vllm"
route = "runtime"                       # or "accelerator", "torch", "targets"
target-torch = "2.4"                    # "auto": what the project asks for
runtime-module = "mypackage.device"
flush-methods = ["flush_cache"]         # for CFX304, as helper-name
helper-name = "flush_after_update"
device-constant = "DEVICE_TYPE"         # for CFX201 and CFX202, in a program or a test
cache-dir = ".cudafix_cache"
code-blocks = true
require-reason = true                   # for CFX004
gate = "migrated"
baseline = "cudafix-baseline.json"

[tool.cudafix.targets]
"torch.cuda.empty_cache" = "mypackage.memory.empty_cache"

[tool.cudafix.backend-predicates]
"mypackage.hardware.on_ascend" = "npu"
```
"""


def default_of(value: object) -> str:
    value = getattr(value, "value", value)
    if value in ((), "", None, MISSING):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        is_version = all(isinstance(one, int) for one in value)
        return f"`{'.'.join(map(str, value))}`" if is_version else ", ".join(f"`{one}`" for one in value)
    return f"`{value}`"


def commands_page() -> str:
    lines = ["What they exit with: [exit codes](interfaces.md#exit-codes).", ""]
    lines += ["## Common options", "", *option_lines(COMMON), ""]
    return head("cudafix/cli.py", "Commands") + "\n".join([*lines, *command_lines("cudafix", cli)]).rstrip() + "\n"


def options_of(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


SHARED = {one.name for one in options_of(cli.commands["fix"])}
COMMON = [one for one in options_of(cli.commands["check"]) if one.name in SHARED]


def command_lines(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for below, one in sorted(command.commands.items()):
            yield from command_lines(f"{name} {below}", one)
        return
    arguments = [f"[{one.human_readable_name}…]" if one.nargs < 0 else one.human_readable_name
                 for one in command.params if isinstance(one, click.Argument)]  # fmt: skip
    yield f"## {name}\n"
    yield f"`{' '.join([name, *arguments])}`\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    common = {one.name for one in COMMON}
    own = [one for one in options_of(command) if one.name not in common]
    if own:
        yield from (*option_lines(own), "")
    taken = {one.name for one in options_of(command)} & common
    if taken == common:
        yield "And the [common options](#common-options).\n"
    elif taken:
        yield "And those of the [common options](#common-options) that say what is looked for, and where.\n"


def option_lines(options: Iterable[click.Option]) -> Iterator[str]:
    yield "| option | what |"
    yield "|---|---|"
    for one in options:
        choices = f" ({', '.join(one.type.choices)})" if isinstance(one.type, click.Choice) else ""
        yield f"| `{', '.join(one.opts)}` | {(one.help or '').replace('|', '/')}{choices} |"


PAGES = {
    "commands.md": commands_page,
    "configuration.md": configuration_page,
    "rules.md": rules_page,
    "runtime.md": runtime_page,
    "symbols.md": symbols_page,
}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (FOLDER / page).write_text(make(), encoding="utf-8")
