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


def main(folders: Sequence[str]) -> None:
    from dask.distributed import Client, LocalCluster

    with LocalCluster(threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        for folder, checked in client.gather(client.map(scan, folders)):
            print(f"{folder}: {len(checked.findings)} findings in {checked.files} files")


if __name__ == "__main__":
    main(sys.argv[1:])
