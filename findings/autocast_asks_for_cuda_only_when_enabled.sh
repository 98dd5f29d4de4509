#!/usr/bin/env bash
# torch 2.13.0, the build for the CPU: `torch.autocast("cuda")` asks `torch.cuda.is_available()` when it is made, and so
# when a module is imported whose function it decorates. `torch.autocast("cuda", enabled=False)` asks nothing, nor do
# `torch.cuda.amp.autocast(enabled=False)` and `torch.amp.GradScaler("cuda", enabled=False)`.
#
# Seen: one question of each of the three by default, none when it is switched off.
#
# Why it matters: on a build for CUDA the question starts the driver, after which processes that are forked cannot use
# it and CUDA_VISIBLE_DEVICES is no longer read. A decorator that keeps a function in full precision is free of that, and
# one that is given the type of the active device by a function that looks for a device is not.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy 2>/dev/null

"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch

if torch.version.cuda is not None or torch.version.hip is not None:
    raise SystemExit("this is about torch's build for the CPU")
asked = []
torch.cuda.is_available = lambda: bool(asked.append(1))
seen = {}
for name, make in {
    "autocast": lambda **how: torch.autocast("cuda", **how),
    "cuda.amp.autocast": lambda **how: torch.cuda.amp.autocast(**how),
    "GradScaler": lambda **how: torch.amp.GradScaler("cuda", **how),
}.items():
    for how in ({}, {"enabled": False}):
        asked.clear()
        make(**how)
        seen[name, not how] = len(asked)
print(f"torch {torch.__version__}: questions by (what, enabled): {seen}")
raise SystemExit(any((count > 0) != enabled for (_, enabled), count in seen.items()))
PYTHON
