"""The name of a CUDA device, written out where a device is expected.

## What it does
Finds `"cuda"`, `"cuda:0"`, `f"cuda:{i}"`, `"cuda:" + str(i)`, `"cuda:{}".format(i)` as the device of a torch function,
of `.to(…)`, of an argument, a variable, a field or an option whose name says that it is a device, and in a name that
ends up in one. A name of CUDA elsewhere (a text, a path, a key) is none, and one in a branch for CUDA is
left to CFX305.

## Why is this bad?
The program fails at this place on every machine without CUDA, whatever it calls elsewhere.

## Example
```python
import torch

x = torch.ones(1, device="cuda")
y = x.to(f"cuda:{index}")
```

## Use instead
```python
import torch
from cudafix.runtime import current_device_type

x = torch.ones(1, device=current_device_type())
y = x.to(f"{current_device_type()}:{index}")
```

Where a name in scope holds the device of the program (`device = "cuda" if torch.cuda.is_available() else "cpu"`,
`self.device`), that is said; else the device of a tensor, or of a pretrained model, that meets what is made (`x.device`
in `x * torch.ones(3, device="cuda")`, where `x` is a tensor for certain). Else, in a program or a test, the second use
makes one constant for all (`DEVICE_TYPE`; `device-constant` gives the name).

## Fix safety
Unsafe: the program runs on another accelerator, or the CPU, where it failed before. The type and the index are kept:
a string where a string was. A default argument becomes None, and the function begins with what that stands for, in
`typer.Option("cuda", "--device")` as well; a field of a dataclass, of attrs, or of pydantic gets a factory, an option
of click a function. No fix where None has another meaning already, in a list of what may be chosen or beside one, and
where others would see it: in the schema of an API of FastAPI, or as a value that tyro offers.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from cudafix.analysis.context import RuleContext
from cudafix.analysis.control_flow.substitutes import template_of
from cudafix.analysis.devices.replace_literal import match_with_fix, without_literal
from cudafix.analysis.devices.uses import device_texts, find_obstacle, message_for_text
from cudafix.analysis.match import Match
from cudafix.matchers.device_text import BEGINNING, WHOLE, DeviceText
from cudafix.replacements.replacement import Refusal


def find(context: RuleContext) -> Iterator[Match]:
    """Yield a match for each name of a CUDA device that is taken for a device, and is not one of several branches."""
    for text in device_texts(context):
        yield match_text(text, context)


def match_text(text: DeviceText, context: RuleContext) -> Match:
    obstacle = find_obstacle(text.whole, context)
    fix = Refusal(obstacle) if obstacle else without_literal(text.literal, text.string, template_for(text), context)
    return match_with_fix(text.whole, message_for_text(text, context), fix, context)


def template_for(text: DeviceText) -> str:
    """Return what stands around the device type."""
    if isinstance(text.literal, cst.FormattedStringText) or WHOLE.fullmatch(text.text):
        return template_of(text.literal)
    match = BEGINNING.fullmatch(text.text)
    field = match["field"] if match is not None else None
    if field is None:
        return f"{{}} + {text.literal.quote}:{text.literal.quote}"
    doubled = field.replace("{", "{{").replace("}", "}}")
    return f"f{text.literal.quote}{{{{}}}}:{doubled}{text.literal.quote}"
