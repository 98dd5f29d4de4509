"""What an editor hears that asks for diagnostics (LSP 3.17), and documents that are no files yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import CLEAN, HARDCODED
from editor import Editor, with_editor
from lsprotocol import types as lsp


def codes(report: lsp.DocumentDiagnosticReport) -> list[object]:
    assert isinstance(report, lsp.RelatedFullDocumentDiagnosticReport)
    return [one.code for one in report.items]


def test_who_asks_hears_nothing_unasked(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        uri = editor.uri("a.py")
        editor.show(uri, HARDCODED)
        assert codes(await editor.ask(uri)) == ["CFX101"]
        editor.type("a.py", HARDCODED + "torch.cuda.empty_cache()\n")
        assert codes(await editor.ask(uri)) == ["CFX101", "CFX101"]
        editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
        assert codes(await editor.ask(uri)) == []
        assert editor.queue(uri).empty()

    with_editor(tmp_path, story, asks=True)


def test_what_is_not_open_has_no_findings(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)

    async def story(editor: Editor) -> None:
        assert codes(await editor.ask(editor.uri("a.py"))) == []
        assert codes(await editor.ask(editor.uri("nothing.py"))) == []

    with_editor(tmp_path, story, asks=True)


def test_an_answer_that_is_known_is_not_given_again(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        uri = editor.uri("a.py")
        editor.show(uri, HARDCODED)
        first = await editor.ask(uri)
        editor.type("a.py", HARDCODED + "x = 1\n")
        again = await editor.ask(uri, first.result_id)
        assert again == lsp.RelatedUnchangedDocumentDiagnosticReport(str(first.result_id))
        editor.type("a.py", "\n" + HARDCODED)
        assert codes(await editor.ask(uri, first.result_id)) == ["CFX101"]

    with_editor(tmp_path, story, asks=True)


def test_the_server_says_that_it_can_be_asked(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        provider = editor.capabilities.diagnostic_provider
        assert isinstance(provider, lsp.DiagnosticOptions)
        assert (provider.identifier, provider.workspace_diagnostics) == ("cudafix", False)

    with_editor(tmp_path, story)


def test_a_change_of_the_configuration_has_the_editor_ask_again(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        uri = editor.uri("a.py")
        editor.show(uri, HARDCODED)
        assert codes(await editor.ask(uri)) == ["CFX101"]
        settings = {"cudafix": {"select": ["CFX104"]}}
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings))
        await editor.refreshed.get()
        assert codes(await editor.ask(uri)) == []

    with_editor(tmp_path, story, asks=True)


def test_the_cells_of_a_notebook_are_asked_for_one_by_one(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        first, second = (f"vscode-notebook-cell:{tmp_path}/a.ipynb#c{number}" for number in (1, 2))
        cells = [lsp.NotebookCell(lsp.NotebookCellKind.Code, uri) for uri in (first, second)]
        texts = [
            lsp.TextDocumentItem(first, "python", 1, "import torch"),
            lsp.TextDocumentItem(second, "python", 1, "torch.cuda.empty_cache()"),
        ]
        notebook = lsp.NotebookDocument(editor.uri("a.ipynb"), "jupyter-notebook", 1, cells)
        editor.client.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(notebook, texts))
        assert codes(await editor.ask(first)) == []
        assert codes(await editor.ask(second)) == ["CFX101"]

    with_editor(tmp_path, story, asks=True)


@pytest.mark.parametrize(
    "uri", ["vscode-notebook-cell:/a.ipynb#c1", "git:/a.py?ref", "output:a", "no address", "untitled:"]
)
def test_what_is_no_file_does_no_harm(tmp_path: Path, uri: str) -> None:
    async def story(editor: Editor) -> None:
        editor.show(uri, CLEAN)
        assert codes(await editor.ask(uri)) == []

    with_editor(tmp_path, story, asks=True)


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "untitled:{folder}/new.py"])
def test_what_was_not_saved_yet_is_looked_at(tmp_path: Path, uri: str) -> None:
    uri = uri.replace("{folder}", str(tmp_path))

    async def story(editor: Editor) -> None:
        editor.show(uri, HARDCODED)
        (found,) = await editor.queue(uri).get()
        assert found.code == "CFX101"
        offered = await editor.client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), found.range, lsp.CodeActionContext([]))
        )
        actions = [one for one in offered or () if isinstance(one, lsp.CodeAction)]
        texts = await editor.chosen(actions, "replace with")
        assert "\nempty_device_cache()\n" in texts[uri]

    with_editor(tmp_path, story)


def test_the_configuration_of_the_folder_counts_for_what_was_not_saved_yet(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('ignore = ["CFX101"]\n')

    async def story(editor: Editor) -> None:
        editor.show("untitled:Untitled-1", HARDCODED)
        assert await editor.queue("untitled:Untitled-1").get() == []

    with_editor(tmp_path, story)


def test_a_document_without_a_name_is_of_its_language(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        editor.show("untitled:Untitled-1", f"# Title\n\n```python\n{HARDCODED}```\n", "markdown")
        (found,) = await editor.queue("untitled:Untitled-1").get()
        assert (found.code, found.range.start.line) == ("CFX101", 6)

    with_editor(tmp_path, story, **{"code-blocks": True})
