"""An editor for tests: it speaks to the server, which is a thread of this process, or `cudafix server`."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

from cudafix.server.language_server import make_server

SECONDS = 30.0


class Editor:
    """A folder that is open in an editor, and what the server has told of its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("editor", "1")
        self.told: dict[str, asyncio.Queue[list[lsp.Diagnostic]]] = {}
        self.messages: asyncio.Queue[str] = asyncio.Queue()
        self.registered: asyncio.Queue[str] = asyncio.Queue()
        self.refreshed: asyncio.Queue[None] = asyncio.Queue()
        self.capabilities = lsp.ServerCapabilities()
        self.versions: dict[str, int] = {}
        self.texts: dict[str, str] = {}

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.queue(params.uri).put_nowait([*params.diagnostics])

        @self.client.feature(lsp.WORKSPACE_DIAGNOSTIC_REFRESH)
        def refresh(params: None) -> None:
            self.refreshed.put_nowait(None)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE)
        def shown(params: lsp.ShowMessageParams) -> None:
            self.messages.put_nowait(params.message)

        @self.client.feature(lsp.CLIENT_REGISTER_CAPABILITY)
        def register(params: lsp.RegistrationParams) -> None:
            for one in params.registrations:
                self.registered.put_nowait(one.method)

    def queue(self, uri: str) -> asyncio.Queue[list[lsp.Diagnostic]]:
        return self.told.setdefault(uri, asyncio.Queue())

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def open(self, name: str, text: str, language: str = "python") -> list[lsp.Diagnostic]:
        """Open a file that holds `text`, and return what is found in it."""
        self.show(self.uri(name), text, language)
        return await self.diagnostics(name)

    def show(self, uri: str, text: str, language: str = "python") -> None:
        """Open a document, wherever it is."""
        self.versions[uri], self.texts[uri] = 1, text
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, language, 1, text)))

    async def ask(self, uri: str, known: str | None = None) -> lsp.DocumentDiagnosticReport:
        """Ask for what is found in a document; `known` is the name of an earlier answer."""
        document = lsp.TextDocumentIdentifier(uri)
        return await self.client.text_document_diagnostic_async(
            lsp.DocumentDiagnosticParams(document, previous_result_id=known)
        )

    def type(self, name: str, text: str) -> None:
        """Make `text` of a file that is open."""
        uri = self.uri(name)
        self.versions[uri] += 1
        self.texts[uri] = text
        document = lsp.VersionedTextDocumentIdentifier(version=self.versions[uri], uri=uri)
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    async def diagnostics(self, name: str) -> list[lsp.Diagnostic]:
        """Return what the server tells of a file next."""
        return await asyncio.wait_for(self.queue(self.uri(name)).get(), SECONDS)

    async def actions(self, name: str, place: lsp.Range, only: list[str] | None = None) -> list[lsp.CodeAction]:
        context = lsp.CodeActionContext([], only)
        found = await self.client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(self.uri(name)), place, context)
        )
        return [one for one in found or () if isinstance(one, lsp.CodeAction)]

    async def chosen(self, actions: list[lsp.CodeAction], title: str) -> dict[str, str]:
        """Choose the action whose title holds `title`; return the texts by their addresses after it."""
        (action,) = [one for one in actions if title in one.title]
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        assert action.edit is not None
        return self.applied(action.edit)

    def applied(self, edit: lsp.WorkspaceEdit) -> dict[str, str]:
        changes = {uri: [*edits] for uri, edits in (edit.changes or {}).items()}
        for one in edit.document_changes or ():
            assert isinstance(one, lsp.TextDocumentEdit)
            assert one.text_document.version == self.versions.get(one.text_document.uri, 1)
            changes[one.text_document.uri] = [*one.edits]  # type: ignore[list-item]
        return {uri: with_edits(self.texts[uri], edits) for uri, edits in changes.items()}

    async def hover(self, name: str, line: int, character: int) -> str:
        found = await self.client.text_document_hover_async(
            lsp.HoverParams(lsp.TextDocumentIdentifier(self.uri(name)), lsp.Position(line, character))
        )
        return found.contents.value if found is not None else ""  # type: ignore[union-attr]


def with_edits(text: str, edits: list[Any]) -> str:
    """Make edits to a text as editors do, whose columns are UTF-16 units."""
    lines = [*text.splitlines(keepends=True), ""]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode("utf-16-le")) // 2)
    units = text.encode("utf-16-le")

    def offset(place: lsp.Position) -> int:
        line = min(place.line, len(lines) - 1)
        length = starts[line + 1] - starts[line]
        return starts[line] + min(place.character, length)

    for one in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        start, end = offset(one.range.start) * 2, offset(one.range.end) * 2
        units = units[:start] + one.new_text.encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")


@asynccontextmanager
async def editing(folder: Path, versioned: bool = True, asks: bool = False, **settings: Any) -> AsyncIterator[Editor]:
    """Start the server for a folder, and stop it at the end."""
    editor = Editor(folder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await editor.client.start_tcp(*listener.getsockname())
        server = threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True)
    server.start()
    async with opened(editor, versioned, asks, **settings):
        yield editor
    await asyncio.to_thread(server.join, SECONDS)


def serve(connection: socket.socket) -> None:
    """Be the server of one editor, until it leaves."""
    with connection, connection.makefile("rb") as reader, connection.makefile("wb") as writer:
        make_server().start_io(reader, writer)


@asynccontextmanager
async def editing_with_command(folder: Path) -> AsyncIterator[Editor]:
    """Do the same with a server that is a process, and speaks over standard input and output."""
    editor = Editor(folder)
    await editor.client.start_io(sys.executable, "-m", "cudafix", "server", cwd=folder)
    async with opened(editor):
        yield editor


@asynccontextmanager
async def opened(editor: Editor, versioned: bool = True, asks: bool = False, **settings: Any) -> AsyncIterator[None]:
    """Let an editor and its server get to know each other, and part at the end; `asks`: for diagnostics."""
    asked = lsp.TextDocumentClientCapabilities(diagnostic=lsp.DiagnosticClientCapabilities()) if asks else None
    capabilities = lsp.ClientCapabilities(
        workspace=lsp.WorkspaceClientCapabilities(
            workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=versioned),
            did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
            diagnostics=lsp.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
        ),
        text_document=asked,
    )
    options = {"settings": settings} if settings else None
    begun = await editor.client.initialize_async(
        lsp.InitializeParams(capabilities, root_uri=editor.folder.as_uri(), initialization_options=options)
    )
    editor.capabilities = begun.capabilities
    editor.client.initialized(lsp.InitializedParams())
    try:
        yield
    finally:
        await asyncio.wait_for(editor.client.shutdown_async(None), SECONDS)
        editor.client.exit(None)
        editor.client.protocol.writer.close()
        await editor.client.stop()


Story = Callable[[Editor], Awaitable[None]]


def with_editor(folder: Path, story: Story, **settings: Any) -> None:
    """Run what a test does in an editor."""
    asyncio.run(tell(story, editing(folder, **settings)))


def with_command(folder: Path, story: Story) -> None:
    """Run it with the command as the server."""
    asyncio.run(tell(story, editing_with_command(folder)))


async def tell(story: Story, editors: AbstractAsyncContextManager[Editor]) -> None:
    async with editors as editor:
        await story(editor)
