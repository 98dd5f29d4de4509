"""A stream or event of one backend.

## What it does
Finds `torch.cuda.Stream`, `Event`, `stream`, `current_stream`, `set_stream` and their kin, in annotations too.

## Why is this bad?
Streams exist on most accelerators, under the same names in the backend's module.

## Example
```python
import torch

side = torch.cuda.Stream()
with torch.cuda.stream(side):
    step()
```

## Use instead
```python
from cudafix.runtime import device_stream, use_stream

side = device_stream()
with use_stream(side):
    step()
```

## Fix safety
Safe for events: on CUDA the very same classes are made, with the same arguments, so that streams and events that meet
stay of one kind. Unsafe for streams (what runs on them side by side is written for CUDA), at import (the backend is
decided there), for annotations (they become `torch.Stream`, the base class) and for the classes as values.
"""
