"""Code in documents and docstrings → what is found in each block, in its place, and the text with the fixed blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from cudafix.code_blocks import Block, docstring_rows, find_blocks
from cudafix.file import split_lines
from cudafix.masks import OURS, words
from cudafix.model import Edit, Finding, Fix, Position, Result
from cudafix.read import Source

Look = Callable[[Source], Result]
ESCAPED = re.compile(r"\\(?!$)")


def look_at_document(source: Source, look: Look) -> Result:
    """Deal with the blocks of a document, each as `look` deals with a module."""
    try:
        text = source.data.decode("utf-8")
    except UnicodeDecodeError:
        return Result(source.path, old_bytes=source.data)
    return with_blocks(source, text, find_blocks(plain_lines(text)), look)


def look_at_docstrings(result: Result, data: bytes, look: Look) -> Result:
    """Add to the result for a module what is found in its docstrings."""
    now = result.new_bytes if result.new_bytes is not None else data
    try:
        text = now.decode("utf-8")
    except UnicodeDecodeError:
        return result
    lines = plain_lines(text)
    blocks = [
        block
        for first, last in docstring_rows(text)
        for block in find_blocks(lines, first, last - 1)
        if not any(ESCAPED.search(line) for line in block.lines)
    ]
    own = with_blocks(Source(result.path, now), text, blocks, look)
    both = sorted([*result.findings, *own.findings], key=lambda one: one.sort_key)
    new = own.new_bytes if own.new_bytes is not None else result.new_bytes
    rounds = result.rounds + own.rounds
    return replace(
        result, findings=tuple(both), fixed=(*result.fixed, *own.fixed), new_bytes=new, old_bytes=data, rounds=rounds,
        problems=(*result.problems, *own.problems),
    )  # fmt: skip


def plain_lines(text: str) -> list[str]:
    return [one.rstrip("\r\n") for one in split_lines(text)]


def with_blocks(source: Source, text: str, blocks: Iterable[Block], look: Look) -> Result:
    lines = split_lines(text)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    findings: list[Finding] = []
    fixed: list[Finding] = []
    pieces: list[str] = []
    done = 0
    shift = 0
    every = list(blocks)
    said = [words(one.own_code) for one in every]
    for number, alone in enumerate(every):
        others = [one for other, one in enumerate(said) if other != number]
        block = replace(alone, shared=frozenset().union(*others))
        if not block.is_python:
            continue
        result = look(Source(source.path, block.code.encode("utf-8", "surrogatepass")))
        if any(one.fatal for one in result.problems) or (result.new_bytes is None and not result.findings):
            continue
        new = block.lines
        if result.new_bytes is not None:
            made = block.with_code(result.new_bytes.decode("utf-8", "surrogatepass"))
            if made is None or any(OURS in line for line in made):  # it stays, and all is told
                findings += [finding_in_text(one, block, shift) for one in (*result.fixed, *result.findings)]
                continue
            new = tuple(made)
            end = block.first + len(block.lines)
            pieces += [*lines[done : block.first], *(line + newline for line in new)]
            if not lines[end - 1].endswith(("\n", "\r")):
                pieces[-1] = pieces[-1].removesuffix(newline)
            done = end
            fixed += [finding_in_text(one, block, 0) for one in result.fixed]
        now = replace(block, lines=new, before=block.implied)
        findings += [finding_in_text(one, now, shift) for one in result.findings]
        shift += len(new) - len(block.lines)
    changed = "".join([*pieces, *lines[done:]]).encode("utf-8")
    return Result(
        source.path, tuple(findings), tuple(fixed), source.data, changed if pieces else None, rounds=2 if pieces else 0
    )


def finding_in_text(finding: Finding, block: Block, shift: int) -> Finding:
    fix = fix_in_text(finding.fix, block, shift) if finding.fix is not None else None
    start, end = (moved(block.place(one), shift) for one in (finding.start, finding.end))
    return replace(finding, start=start, end=end, fix=fix)


def fix_in_text(fix: Fix, block: Block, shift: int) -> Fix:
    edits = []
    for edit in fix.edits:
        start, end = (moved(block.place(one), shift) for one in (edit.start, edit.end))
        edits.append(Edit(start, end, edit.content.replace("\n", "\n" + block.prefix("x"))))
    return replace(fix, edits=tuple(edits))


def moved(position: Position, shift: int) -> Position:
    return replace(position, row=position.row + shift)
