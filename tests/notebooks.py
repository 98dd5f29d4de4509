"""The harness of the notebook tests: cells in, what is found in them and what a fix makes of them out."""

from __future__ import annotations

import json

from checks import EVERY_RULE

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

IMPORT, FLUSH = "import torch", "torch.cuda.empty_cache()"


def cell(source: str, kind: str = "code", by_line: bool = True) -> dict[str, object]:
    lines = source.splitlines(keepends=True) if by_line else source
    outputs = [{"name": "stdout", "output_type": "stream", "text": ["torch.cuda.empty_cache()\n"]}]
    return {"cell_type": kind, "metadata": {"tags": ["é"]}, "outputs": outputs, "source": lines}


def document(*cells: dict[str, object] | str, language: str = "python", indent: int | None = 1) -> bytes:
    whole = {
        "cells": [cell(one) if isinstance(one, str) else one for one in cells],
        "metadata": {"kernelspec": {"language": language, "name": "x"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(whole, indent=indent, ensure_ascii=False) + "\n").encode()


def run(data: bytes, mode: Mode = Mode.FIX, **settings: object) -> Result:
    options = Options(**read_settings(EVERY_RULE | settings, "test"))
    return process(Source("a.ipynb", data), options, Work(mode, unsafe=True))


def sources(data: bytes) -> list[str]:
    return ["".join(one["source"]) for one in json.loads(data)["cells"]]


def fixed(*cells: dict[str, object] | str, **settings: object) -> list[str]:
    data = document(*cells)
    result = run(data, **settings)
    assert result.problems == ()
    return sources(result.new_bytes or data)


def places(result: Result) -> list[str]:
    return [one.place for one in result.findings]
