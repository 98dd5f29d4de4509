#!/usr/bin/env bash
# torch 2.13.0, the build for the CPU: `torch.Stream` and `torch.Event` are said to be what all backends' streams and
# events are kinds of. `torch.cpu`, whose functions take the place of a backend's where there is none, has classes of its
# own that are none: `isinstance(torch.cpu.current_stream(), torch.Stream)` is False. So are those of `torch.cuda` and
# `torch.xpu` in this build, `torch.mps.event.Event`; those of `torch.mtia` are the common classes themselves.
#
# Seen: of seven classes two are the common ones, and none of the other five is derived from them.
#
# Why it matters: code that is made neutral by way of `torch.get_device_module()` and `isinstance(s, torch.Stream)` takes
# its own stream for something else on a machine without an accelerator; and an attribute set on "the backend's class"
# is set on the class of all, or refused since that is immutable, where the backend is MTIA.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy 2>/dev/null

"$folder/venv/bin/python" - <<'PYTHON'
import torch

if torch.version.cuda is not None or torch.version.hip is not None:
    raise SystemExit("this is about torch's build for the CPU")
common = (torch.Stream, torch.Event)
classes = [
    torch.cpu.Stream, torch.cpu.Event, torch.cuda.Stream, torch.xpu.Stream, torch.mps.event.Event,
    torch.mtia.Stream, torch.mtia.Event,
]
derived = [one for one in classes if one not in common and issubclass(one, common)]
same = [one for one in classes if one in common]
current = isinstance(torch.cpu.current_stream(), torch.Stream)
try:
    torch.mtia.Stream.marked = True
    refusal = ""
except TypeError as error:
    refusal = str(error)
print(f"torch {torch.__version__}: {len(same)} of {len(classes)} are the common classes, {len(derived)} are derived")
print(f"the CPU's current stream is a torch.Stream: {current}; an attribute of MTIA's class: {refusal or 'set'}")
raise SystemExit((len(same), len(derived), current) != (2, 0, False) or "immutable" not in refusal)
PYTHON
