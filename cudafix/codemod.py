"""The fixes as a codemod of LibCST.

For projects that run a row of codemods by LibCST's tool:
`python -m libcst.tool codemod --no-format -x cudafix.codemod.MakeDeviceNeutral src`. `cudafix fix` does the same, is
faster, and keeps the bytes of a file where LibCST cannot; without `--no-format`, that tool lets black run over all that
changes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import libcst as cst
from libcst.codemod import CodemodContext, SkipFile, VisitorBasedCodemodCommand

from cudafix.config.options import Overrides, options_for
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source


class MakeDeviceNeutral(VisitorBasedCodemodCommand):
    """Make hardcoded backend calls device-neutral, as the configuration of the file's project says."""

    DESCRIPTION = "Make hardcoded backend calls device-neutral."

    def __init__(self, context: CodemodContext, unsafe_fixes: bool = False) -> None:
        super().__init__(context)
        self.unsafe_fixes = unsafe_fixes

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        arg_parser.add_argument(
            "--unsafe-fixes", action="store_true", help="Also apply fixes that may change what the code does."
        )

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        path = self.context.filename or "source.py"
        options = options_for(Path(path).parent, Overrides({}))
        result = process(Source(path, tree.bytes), options, Work(Mode.FIX, self.unsafe_fixes))
        if result.problems:
            raise SkipFile(str(result.problems[0]))
        if result.new_bytes is None:
            return tree
        return cst.parse_module(result.new_bytes, tree.config_for_parsing)
