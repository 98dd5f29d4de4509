"""Check many repositories at once, on the machines that a Dask cluster has: `python scan_with_dask.py FOLDER …`.

Each folder is one task. What goes in and out can be pickled, so that any engine that maps a function will do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import cudafix


def scan(folder: str) -> tuple[str, cudafix.CheckedPaths]:
    """Return what is found in a repository; its own configuration counts."""
    return folder, cudafix.check_paths([folder])


def scan_all(folders: Sequence[str]) -> list[tuple[str, cudafix.CheckedPaths]]:
    """Return what is found in each repository, in their order."""
    from dask.distributed import Client, LocalCluster

    with LocalCluster(threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        return list(client.gather(client.map(scan, folders)))


if __name__ == "__main__":
    for folder, checked in scan_all(sys.argv[1:]):
        print(f"{folder}: {len(checked.findings)} findings in {checked.files} files")
