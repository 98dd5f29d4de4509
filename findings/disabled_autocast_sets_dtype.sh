#!/usr/bin/env bash
# torch 2.13.0: `torch.autocast(..., dtype=D, enabled=False)` is off, and still makes D the dtype of its device type
# until it ends. An autocast inside it that names no dtype computes in D, not in what it would have outside.
#
# Seen: on the CPU, whose own dtype is bfloat16, a matrix product in `autocast("cpu")` is bfloat16; the same inside
# `autocast("cpu", dtype=torch.float16, enabled=False)` is float16.
#
# Why it matters: "it is disabled, so its other arguments say nothing" is false. Who rewrites a disabled autocast,
# drops its dtype or gives it another default, changes what autocasts inside it compute in.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy 2>/dev/null

"$folder/venv/bin/python" - <<'PYTHON'
import torch


def dtype_inside() -> torch.dtype:
    with torch.autocast("cpu"):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


outside = dtype_inside()
with torch.autocast("cpu", dtype=torch.float16, enabled=False):
    is_on, inside = torch.is_autocast_enabled("cpu"), dtype_inside()
after = dtype_inside()
print(f"torch {torch.__version__}: {outside} outside, {inside} inside a disabled autocast (on: {is_on}), {after} after")
expected = (torch.bfloat16, False, torch.float16, torch.bfloat16)
raise SystemExit((outside, is_on, inside, after) != expected)
PYTHON
