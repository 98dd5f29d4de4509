"""A block that flushes a cache, repeated in the methods of a class.

## What it does
Finds statements that call a flush method of the class (`flush-methods`, by default `flush_cache`) or a function that
empties a cache, and stand, the same up to the names of locals, in two methods of a class or more: three simple
statements and conditions at least, all of them about the cache. Where one method asks `if ok and request.flush_cache:`
and another asks `request.flush_cache` inside `if ok:`, the block is what both have. A condition on a local alone, such
as `ok`, stays with the caller.

## Why is this bad?
What is wrong in one copy is wrong in all of them, and put right in some.

## Example
```python
class Engine:
    def update_weights_from_disk(self, request):
        ok = self.worker.load(request.path)
        if ok and request.flush_cache:
            flushed = self.flush_cache()
            assert flushed, "cannot flush"

    def update_weights_from_tensor(self, request):
        ok = self.worker.copy(request.tensors)
        if ok:
            if request.flush_cache:
                flushed = self.flush_cache()
                assert flushed, "cannot flush"
        return ok
```

## Use instead
```python
class Engine:
    def flush_cache_after_weight_update(self, request):
        \"\"\"Flush the cache after a weight update.\"\"\"
        if request.flush_cache:
            flushed = self.flush_cache()
            assert flushed, "cannot flush"

    def update_weights_from_disk(self, request):
        ok = self.worker.load(request.path)
        if ok:
            self.flush_cache_after_weight_update(request)

    def update_weights_from_tensor(self, request):
        ok = self.worker.copy(request.tensors)
        if ok:
            self.flush_cache_after_weight_update(request)
        return ok
```

## Fix safety
Unsafe: the new method needs a look at its name, which is `helper-name` if that is set, else made of what its callers'
names begin with, or where they have nothing in common of what it does (`flush_cache_if_requested`). No fix where a name
that the block binds has a value before or after it, where a local cannot be passed on, for a copy with comments of its
own, and where a method does nothing else, so that the others can call it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cudafix.analysis.match import Rule

if TYPE_CHECKING:
    from cudafix.analysis.context import Inspection
    from cudafix.analysis.match import Match


def find(inspection: Inspection) -> Iterable[Match]:
    from cudafix.flush_blocks import find_flush_blocks  # not at the top: rules are listed without loading libcst

    return find_flush_blocks(inspection)


rule = Rule("CFX304", __name__, __doc__, find=find)
