"""The language server: what the editor says goes in, diagnostics, actions and pages come out."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from cudafix.commands.explain import explain
from cudafix.config.options import Overrides, forget, options_for
from cudafix.config.settings import ConfigError, read_settings
from cudafix.engine.discover import is_excluded
from cudafix.model import Finding, Result
from cudafix.server.actions import FIX_ALL, Offers
from cudafix.server.buffer import Buffer, Part, path_of, with_suffix
from cudafix.server.diagnostics import CheckedBuffer, answer, diagnostics
from cudafix.version import __version__

PATIENCE = 0.05
"""Seconds without a key, before what was typed is checked."""

CONFIGURATION = "**/{cudafix,pyproject}.toml"
CODE = re.compile(r"\bCFX\d{3}\b")
NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    [
        lsp.NotebookDocumentFilterWithNotebook(
            lsp.NotebookDocumentFilterNotebookType("jupyter-notebook"), [lsp.NotebookCellLanguage("python")]
        )
    ]
)


class Server(LanguageServer):
    def __init__(self) -> None:
        super().__init__("cudafix", __version__, notebook_document_sync=NOTEBOOKS)
        self.settings: dict[str, Any] = {}
        self.checked: dict[str, CheckedBuffer] = {}
        self.scheduled: dict[str, asyncio.TimerHandle] = {}
        self.running: set[asyncio.Task[object]] = set()
        self.busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Held while a document is checked: what is typed meanwhile is checked afterwards, and that once."""
        self.complaints: set[str] = set()

    # What is open

    def buffer(self, uri: str) -> Buffer | None:
        """Return the file that a document, or a notebook, is; None for one that is no file."""
        path = path_of(uri, self.folder)
        if not path:
            return None
        notebook = self.workspace.get_notebook_document(notebook_uri=uri)
        codec = self.workspace.position_codec
        if notebook is None and uri not in self.workspace.text_documents:
            return None
        if notebook is None:
            document = self.workspace.get_text_document(uri)
            path = with_suffix(path, document.language_id or "")
            return Buffer(path, (Part(uri, document.version, document.source),), codec)
        documents = [self.workspace.get_text_document(cell.document) for cell in notebook.cells]
        is_code = [cell.kind == lsp.NotebookCellKind.Code for cell in notebook.cells]
        cells = tuple((code, document.source) for code, document in zip(is_code, documents, strict=True))
        parts = tuple(
            Part(cell.document, document.version, document.source, number)
            for number, (cell, code, document) in enumerate(zip(notebook.cells, is_code, documents, strict=True), 1)
            if code
        )
        return Buffer(path if path.endswith(".ipynb") else f"{path}.ipynb", parts, codec, cells)

    @property
    def folder(self) -> str:
        """The folder that is open, the first of several; "" for none."""
        first = next((to_fs_path(one) for one in self.workspace.folders), None)
        return self.workspace.root_path or first or ""

    def owner(self, uri: str) -> str:
        """Return the document that is checked for a text: the notebook of a cell."""
        notebook = self.workspace.get_notebook_document(cell_uri=uri)
        return uri if notebook is None else notebook.uri

    # Checking

    @property
    def is_asked(self) -> bool:
        """Whether the editor asks for diagnostics, and is not told unasked."""
        return getattr(self.client_capabilities.text_document, "diagnostic", None) is not None

    def schedule(self, uri: str, seconds: float = PATIENCE) -> None:
        """Check a document when nothing was typed for a while, where the editor does not ask by itself."""
        self.forget_scheduled(uri)
        if not self.is_asked:
            self.scheduled[uri] = asyncio.get_running_loop().call_later(seconds, self.begin, uri)

    def forget_scheduled(self, uri: str) -> None:
        if uri in self.scheduled:
            self.scheduled.pop(uri).cancel()

    def begin(self, uri: str) -> None:
        self.scheduled.pop(uri, None)
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(self.check(uri))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def check(self, uri: str) -> CheckedBuffer | None:
        """Return what is found in a document as it is when its turn comes; None where it is none of ours."""
        async with self.busy[uri]:
            buffer, known = self.buffer(uri), self.checked.get(uri)
            if buffer is None or is_same(known, buffer):
                return known
            try:
                options = options_for(Path(buffer.path).parent, Overrides({**self.given(), "edits": False}))
            except ConfigError as error:
                self.complain(str(error))
                return None
            if is_excluded(Path(buffer.path), None, options):
                result = Result(buffer.path)
            else:
                result = await asyncio.to_thread(buffer.process, options)
            found = CheckedBuffer(buffer, options, result)
            if is_same(found, self.buffer(uri)):  # nothing was typed meanwhile
                self.checked[uri] = found
                self.report(found)
            return found

    def given(self) -> dict[str, Any]:
        """Return the editor's settings.

        Raises:
            ConfigError: for one that cannot be right.
        """
        return read_settings(self.settings, "the editor's settings")

    async def checked_now(self, uri: str) -> CheckedBuffer | None:
        """Return what is found in a document as it is now; None where something is typed meanwhile."""
        found = await self.check(uri)
        return found if is_same(found, self.buffer(uri)) else None

    def check_again(self) -> None:
        """Check all that is open: the configuration has changed."""
        forget()
        self.complaints.clear()
        known = [*self.checked]
        self.checked.clear()
        for uri in known:
            self.schedule(uri)
        diagnostics_of_workspace = getattr(self.client_capabilities.workspace, "diagnostics", None)
        if self.is_asked and getattr(diagnostics_of_workspace, "refresh_support", False):
            self.workspace_diagnostic_refresh(None)

    def close(self, uri: str) -> None:
        self.forget_scheduled(uri)
        self.busy.pop(uri, None)
        found = self.checked.pop(uri, None)
        for part in found.buffer.parts if found is not None else ():
            self.publish(part, [])

    # Reporting

    def report(self, found: CheckedBuffer) -> None:
        for part in found.buffer.parts:
            self.publish(part, [*diagnostics(found, part)])

    def publish(self, part: Part, found: list[lsp.Diagnostic]) -> None:
        if not self.is_asked:
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(part.uri, found, part.version))

    def complain(self, message: str) -> None:
        """Show what is wrong with the configuration, once."""
        if message not in self.complaints:
            self.complaints.add(message)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, f"cudafix: {message}"))

    async def offers(self, uri: str, context: lsp.CodeActionContext | None = None) -> Offers | None:
        """Return what can be done in a text that is open; None where it is none of ours."""
        found = await self.checked_now(self.owner(uri))
        part = found.buffer.part_of(uri) if found is not None else None
        if found is None or part is None:
            return None
        edits = getattr(self.client_capabilities.workspace, "workspace_edit", None)
        return Offers(
            found, part, [*diagnostics(found, part)],
            [*(context.only or ())] if context is not None else [], bool(getattr(edits, "document_changes", False)),
        )  # fmt: skip


def is_same(found: CheckedBuffer | None, buffer: Buffer | None) -> bool:
    """Whether what was found is about the text that is open."""
    return found is not None and buffer is not None and found.buffer.parts == buffer.parts


def make_server() -> Server:
    """Return a server that has not begun to listen."""
    server = Server()

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        take_settings(server, params.initialization_options)

    @server.feature(lsp.INITIALIZED)
    def initialized(params: lsp.InitializedParams) -> None:
        watched = getattr(server.client_capabilities.workspace, "did_change_watched_files", None)
        if getattr(watched, "dynamic_registration", False):
            options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(CONFIGURATION)])
            watch = lsp.Registration("cudafix-configuration", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(lsp.RegistrationParams([watch]))

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(params: lsp.DidChangeWatchedFilesParams) -> None:
        server.check_again()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def settings_changed(params: lsp.DidChangeConfigurationParams) -> None:
        take_settings(server, params.settings)
        server.check_again()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.schedule(params.text_document.uri, 0)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        server.schedule(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        if params.text_document.uri.endswith(("/cudafix.toml", "/pyproject.toml")):
            server.check_again()

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    async def notebook_opened(params: lsp.DidOpenNotebookDocumentParams) -> None:
        server.schedule(params.notebook_document.uri, 0)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    async def notebook_changed(params: lsp.DidChangeNotebookDocumentParams) -> None:
        server.schedule(params.notebook_document.uri)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    async def notebook_closed(params: lsp.DidCloseNotebookDocumentParams) -> None:
        server.close(params.notebook_document.uri)

    @server.feature(
        lsp.TEXT_DOCUMENT_DIAGNOSTIC,
        lsp.DiagnosticOptions(  # the cells of a notebook are documents that depend on each other
            inter_file_dependencies=True, workspace_diagnostics=False, identifier="cudafix"
        ),
    )
    async def asked(params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        uri = params.text_document.uri
        return answer(await server.check(server.owner(uri)), uri, params.previous_result_id)

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True),
    )
    async def code_action(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        offers = await server.offers(params.text_document.uri, params.context)
        return await asyncio.to_thread(lambda: [*offers.at(params.range)]) if offers is not None else []

    @server.feature(lsp.CODE_ACTION_RESOLVE)
    async def resolve(params: lsp.CodeAction) -> lsp.CodeAction:
        data = params.data if isinstance(params.data, dict) else {}
        offers = await server.offers(str(data.get("uri", "")))
        if offers is not None:
            params.edit = await asyncio.to_thread(offers.resolved, data)
        return params

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        return await page_at(server, params.text_document.uri, params.position)

    return server


def take_settings(server: Server, given: Any) -> None:
    """Take what an editor says: the keys of `[tool.cudafix]`, as `settings` or as `cudafix`, or alone."""
    if isinstance(given, dict):
        given = given.get("cudafix", given)
        given = given.get("settings", given) if isinstance(given, dict) else {}
    server.settings = dict(given) if isinstance(given, dict) else {}


async def page_at(server: Server, uri: str, place: lsp.Position) -> lsp.Hover | None:
    """Return the page of the rule that a comment names there, or of what is found there and of its function."""
    found = await server.checked_now(server.owner(uri))
    part = found.buffer.part_of(uri) if found is not None else None
    if found is None or part is None or place.line >= len(part.lines):
        return None
    here = lsp.Range(place, place)
    column = server.workspace.position_codec.position_from_client_units(part.lines, place).character
    named = [one[0] for one in CODE.finditer(part.lines[place.line]) if one.start() <= column <= one.end()]
    findings = [one for one in found.result.findings if found.buffer.holds(part, one, here)]
    names = dict.fromkeys([*named, *(name for finding in findings for name in names_of(finding))])
    pages = [page for name in names if (page := explain(name)) is not None]
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n---\n\n".join(pages))) if pages else None


def names_of(finding: Finding) -> tuple[str, ...]:
    return (finding.symbol, finding.code) if finding.symbol else (finding.code,)
