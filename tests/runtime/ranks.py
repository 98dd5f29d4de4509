"""The ranks of a process group: `python ranks.py SIZE FILE`; each, with (RANK + 3) GiB free of 16, prints a JSON line.

All are forks of one process, which has imported torch.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import backends
import psutil
import torch
from torch import distributed

from cudafix.runtime import available_device_memory, get_available_gpu_memory

GIB = 1 << 30


def error_of(group: Any, device: str = "cpu", gpu_id: int = 0) -> str:
    try:
        return str(get_available_gpu_memory(device, gpu_id, distributed=True, cpu_group=group))
    except (RuntimeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def main(rank: int, size: int, file: str) -> dict[str, Any]:
    free = (rank + 3) * GIB + 1
    psutil.virtual_memory = lambda: SimpleNamespace(available=free, total=16 * GIB + rank)  # type: ignore[assignment]
    early = error_of(None)
    distributed.init_process_group(
        "gloo", init_method=f"file://{file}", rank=rank, world_size=size, timeout=timedelta(seconds=60)
    )
    everyone = get_available_gpu_memory("cpu", 0, distributed=True)
    first_two = distributed.new_group([0, 1], backend="gloo")
    among_two = error_of(first_two)
    info = available_device_memory("cpu", distributed=True)
    backends.memory("in-tree")
    torch.cuda.mem_get_info = lambda device=None: (free, 16 * GIB + rank)
    devices = available_device_memory("cuda:1", distributed=True, cpu_group=distributed.group.WORLD)
    one_fails = error_of(None, "cuda", 5 if rank == 1 else 0)
    return {
        "rank": rank,
        "one fails": one_fails,
        "early": early,
        "everyone": everyone,
        "among two": among_two,
        "info": info,
        "devices": devices,
    }


if __name__ == "__main__":
    size, file = int(sys.argv[1]), sys.argv[2]
    for rank in range(size):
        if not os.fork():
            line = json.dumps(main(rank, size, file)) + "\n"
            os.write(1, line.encode())  # at once, so that no other rank writes in between
            os._exit(0)  # torch 2.6 sometimes hangs when it takes a gloo group down
    sys.exit(max(os.wait()[1] for _ in range(size)) != 0)
