"""What the language server keeps in memory, and how soon it answers, with many files open and many edits.

    python benchmarks/server.py [--buffers 200] [--edits 2000] [--lines 1000] [--every 8] [--ask]

Opens files with findings in them, then types into one after the other and waits for what is found each time: told by
the server or, with `--ask`, asked for as LSP 3.17 has it. The memory should stay below 1.5 x of what it was once all
were open, and the answers below 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

FUNCTION = """def function_{number}(first, second):
    total = [first, second, {number}]
    for value in total:
        print(value)
    {call}
    return total


"""
SECONDS = 60.0
START = lsp.Range(lsp.Position(4, 0), lsp.Position(4, 0))


def code(lines: int, every: int) -> str:
    calls = ["torch.cuda.synchronize()" if one % every == 0 else "print(total)" for one in range(lines // 8)]
    functions = [FUNCTION.format(number=number, call=call) for number, call in enumerate(calls)]
    return "import torch\n\n\n" + "".join(functions)


class Editor:
    def __init__(self, asks: bool) -> None:
        self.asks = asks
        self.client = LanguageClient("editor", "1")
        self.told: asyncio.Queue[tuple[str, int | None]] = asyncio.Queue()

        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.told.put_nowait((params.uri, params.version))

        self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)

    async def start(self) -> None:
        await self.client.start_io(sys.executable, "-m", "cudafix", "server")
        asked = lsp.TextDocumentClientCapabilities(diagnostic=lsp.DiagnosticClientCapabilities())
        capabilities = lsp.ClientCapabilities(text_document=asked if self.asks else None)
        await self.client.initialize_async(lsp.InitializeParams(capabilities))
        self.client.initialized(lsp.InitializedParams())

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()  # type: ignore[no-untyped-call]

    @property
    def memory(self) -> float:
        """What the server takes now, in MB."""
        process = self.client._server
        assert process is not None
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000

    async def answer(self, uri: str, version: int, send: Callable[[], None]) -> float:
        """Return the seconds until the server has said what is found in a version of a document."""
        start = time.perf_counter()
        send()
        if self.asks:
            await self.client.text_document_diagnostic_async(
                lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(uri))
            )
        else:
            while await asyncio.wait_for(self.told.get(), SECONDS) != (uri, version):
                pass
        return time.perf_counter() - start

    async def open(self, uri: str, text: str) -> float:
        item = lsp.TextDocumentItem(uri, "python", 1, text)
        return await self.answer(
            uri, 1, lambda: self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        )

    async def edit(self, uri: str, version: int, line: str) -> float:
        document = lsp.VersionedTextDocumentIdentifier(version, uri)
        change = lsp.DidChangeTextDocumentParams(document, [lsp.TextDocumentContentChangePartial(START, line)])
        return await self.answer(uri, version, lambda: self.client.text_document_did_change(change))


async def measure(buffers: int, edits: int, text: str, asks: bool) -> None:
    editor = Editor(asks)
    await editor.start()
    uris = [Path(f"/nowhere/module_{number}.py").as_uri() for number in range(buffers)]
    opening = [await editor.open(uri, text) for uri in uris]
    before = editor.memory
    typing = [
        await editor.edit(uris[number % buffers], 2 + number // buffers, f"    x{number} = 1\n")
        for number in range(edits)
    ]
    after = editor.memory
    await editor.stop()
    print("| | median | 95 % within |\n|---|---|---|")
    for name, seconds in (("open", opening), ("edit", typing)):
        print(f"| {name} | {median(seconds) * 1000:.0f} ms | {quantiles(seconds, n=20)[-1] * 1000:.0f} ms |")
    print(f"\nMemory: {before:.0f} MB when all are open, {after:.0f} MB at the end ({after / before:.2f} x)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buffers", type=int, default=200)
    parser.add_argument("--edits", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--every", type=int, default=8, help="functions of eight lines, of which one has a finding")
    parser.add_argument("--ask", action="store_true")
    given = parser.parse_args()
    asyncio.run(measure(given.buffers, given.edits, code(given.lines, given.every), given.ask))


if __name__ == "__main__":
    main()
