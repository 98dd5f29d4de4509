"""`cudafix server`, by a client that speaks to it as editors do."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, MANUAL, NEUTRAL, UNSAFE, run
from editor import Editor, with_command, with_editor
from lsprotocol import types as lsp

from cudafix.config.options import Options
from cudafix.engine.one_file import process
from cudafix.engine.work import Work
from cudafix.files.source import Source
from cudafix.model import Result

TWO = "import torch\n\ntorch.cuda.synchronize()\ntorch.cuda.synchronize()\ntorch.cuda.empty_cache()\n"
WIDE = "import torch\n\nx = '🦀🦀'; torch.cuda.empty_cache()\n"


def at(line: int, character: int = 0) -> lsp.Range:
    return lsp.Range(lsp.Position(line, character), lsp.Position(line, character))


def test_a_clean_file_has_no_diagnostics(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", CLEAN) == []
        assert await editor.actions("a.py", at(0)) == []
        assert await editor.hover("a.py", 0, 0) == ""

    with_editor(tmp_path, story)


def test_a_finding_is_a_diagnostic_with_its_place_and_its_page(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        (found,) = await editor.open("a.py", HARDCODED)
        assert (found.code, found.source, found.severity) == ("CFX101", "cudafix", lsp.DiagnosticSeverity.Warning)
        assert found.range == lsp.Range(lsp.Position(3, 0), lsp.Position(3, 22))
        assert "use `empty_device_cache`" in found.message
        assert found.code_description is not None
        assert "docs/rules.md#hardcoded-empty-cache" in found.code_description.href

    with_editor(tmp_path, story)


def test_the_command_speaks_over_standard_input_and_output(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        assert [one.code for one in await editor.open("a.py", HARDCODED)] == ["CFX101"]

    with_command(tmp_path, story)


def test_what_is_typed_is_looked_at_before_it_is_saved(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", CLEAN) == []
        for text in (HARDCODED[:-5], HARDCODED[:-3], HARDCODED):  # only the last is looked at
            editor.type("a.py", text)
        assert [one.code for one in await editor.diagnostics("a.py")] == ["CFX101"]
        editor.type("a.py", CLEAN)
        assert await editor.diagnostics("a.py") == []

    with_editor(tmp_path, story)


def test_what_is_typed_during_a_check_is_checked_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = [0], [0]

    def slow(source: Source, options: Options, work: Work) -> Result:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.2)
        running[0] -= 1
        return process(source, options, work)

    monkeypatch.setattr("cudafix.server.buffer.process", slow)

    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", CLEAN) == []
        for number in range(5):
            editor.type("a.py", f"{CLEAN}x = {number}\n")
            await asyncio.sleep(0.1)
        editor.type("a.py", HARDCODED)
        while not (found := await editor.diagnostics("a.py")):
            pass
        assert [one.code for one in found] == ["CFX101"]
        assert most == [1]

    with_editor(tmp_path, story)


def test_a_file_that_cannot_be_read_says_so_where_it_is_wrong(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        (found,) = await editor.open("a.py", "import torch\ntorch.cuda.empty_cache(\n")
        assert (found.code, found.severity) == ("CFX001", lsp.DiagnosticSeverity.Error)
        assert found.range.start.line == 1

    with_editor(tmp_path, story)


def test_a_quick_fix_changes_one_finding(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", TWO)
        offered = await editor.actions("a.py", at(4))
        (new,) = (await editor.chosen(offered, "replace with `empty_device_cache`")).values()
        assert new == (
            "import torch\nfrom cudafix.runtime import empty_device_cache\n\n"
            "torch.cuda.synchronize()\ntorch.cuda.synchronize()\nempty_device_cache()\n"
        )

    with_editor(tmp_path, story)


@pytest.mark.parametrize("versioned", [True, False])
def test_a_quick_fix_changes_all_of_its_kind(tmp_path: Path, versioned: bool) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", TWO)
        offered = await editor.actions("a.py", at(2))
        (new,) = (await editor.chosen(offered, "fix all 2 of CFX104")).values()
        assert new == (
            "import torch\nfrom cudafix.runtime import synchronize_device\n\n"
            "synchronize_device()\nsynchronize_device()\ntorch.cuda.empty_cache()\n"
        )

    with_editor(tmp_path, story, versioned=versioned)


def test_an_unsafe_fix_says_why_and_is_not_preferred(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", UNSAFE)
        (action, *_) = await editor.actions("a.py", at(3, 6))
        assert "(unsafe: " in action.title
        assert action.is_preferred is False

    with_editor(tmp_path, story)


def test_what_people_must_decide_has_no_fix_but_can_be_silenced(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", MANUAL)
        offered = await editor.actions("a.py", at(3, 20))
        assert not [one for one in offered if "replace" in one.title.lower()]
        (new,) = (await editor.chosen(offered, "ignore CFX107 here, with a reason")).values()
        assert new.splitlines()[3].endswith("else x  # cudafix: ignore[CFX107] say why")
        (new,) = (await editor.chosen(offered, "add `# noqa: CFX107`")).values()
        assert new.splitlines()[3].endswith("else x  # noqa: CFX107")

    with_editor(tmp_path, story)


def test_the_source_action_makes_all_safe_fixes(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", HARDCODED.removesuffix("\n"))
        offered = await editor.actions("a.py", at(0), ["source.fixAll"])
        assert [one.kind for one in offered] == ["source.fixAll.cudafix"]
        (new,) = (await editor.chosen(offered, "fix all that is safe")).values()
        assert new == NEUTRAL.removesuffix("\n")

    with_editor(tmp_path, story)


def test_columns_are_those_of_the_editor(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        (found,) = await editor.open("a.py", WIDE)
        assert (found.range.start.character, found.range.end.character) == (12, 34)  # each crab is two units
        offered = await editor.actions("a.py", found.range)
        (new,) = (await editor.chosen(offered, "replace with")).values()
        assert new.endswith("x = '🦀🦀'; empty_device_cache()\n")

    with_editor(tmp_path, story)


def test_hovering_shows_the_rule_and_what_other_backends_have(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", HARDCODED)
        page = await editor.hover("a.py", 3, 15)
        assert "# torch.cuda.empty_cache" in page
        assert "Which backends have it" in page
        assert "# hardcoded-empty-cache (CFX101" in page

    with_editor(tmp_path, story)


def test_hovering_over_a_code_in_a_comment_shows_its_rule(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        await editor.open("a.py", HARDCODED.replace("cache()\n", "cache()  # noqa: CFX101\n"))
        assert "# hardcoded-empty-cache (CFX101" in await editor.hover("a.py", 3, 34)

    with_editor(tmp_path, story)


def test_the_configuration_of_the_project_counts_and_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('ignore = ["CFX101"]\n')

    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", HARDCODED) == []
        assert await editor.registered.get() == "workspace/didChangeWatchedFiles"
        (tmp_path / "cudafix.toml").write_text("")
        change = lsp.FileEvent(editor.uri("cudafix.toml"), lsp.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([change]))
        assert [one.code for one in await editor.diagnostics("a.py")] == ["CFX101"]

    with_editor(tmp_path, story)


def test_the_settings_of_the_editor_stand_before_those_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('select = ["CFX104"]\n')

    async def story(editor: Editor) -> None:
        assert [one.code for one in await editor.open("a.py", HARDCODED)] == ["CFX101"]
        settings = {"cudafix": {"select": ["CFX104"]}}
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings))
        assert await editor.diagnostics("a.py") == []

    with_editor(tmp_path, story, select=["CFX101"])


def test_a_configuration_that_is_wrong_is_shown_once(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('selct = ["CFX101"]\n')

    async def story(editor: Editor) -> None:
        for name in ("a.py", "b.py"):
            editor.client.text_document_did_open(
                lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(editor.uri(name), "python", 1, HARDCODED))
            )
        assert "selct" in await editor.messages.get()
        assert await editor.hover("a.py", 0, 0) == ""  # the server goes on
        assert editor.messages.empty()

    with_editor(tmp_path, story)


def test_a_file_that_is_excluded_has_no_diagnostics(tmp_path: Path) -> None:
    (tmp_path / "cudafix.toml").write_text('extend-exclude = ["third_party"]\n')
    (tmp_path / "third_party").mkdir()

    async def story(editor: Editor) -> None:
        assert await editor.open("third_party/a.py", HARDCODED) == []

    with_editor(tmp_path, story)


def test_a_file_that_is_closed_has_no_diagnostics_any_more(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", HARDCODED)
        document = lsp.TextDocumentIdentifier(editor.uri("a.py"))
        editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
        assert await editor.diagnostics("a.py") == []

    with_editor(tmp_path, story)


def test_documents_are_looked_at_where_the_project_says_so(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        text = f"# Title\n\n```python\n{HARDCODED}```\n"
        (found,) = await editor.open("a.md", text, "markdown")
        assert (found.code, found.range.start.line) == ("CFX101", 6)

    with_editor(tmp_path, story, **{"code-blocks": True})


def test_without_pygls_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text("raise ImportError('not here')\n")
    done = run("server", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "cudafix: error: the server needs pygls (not here): pip install 'cudafix[server]'\n"
    )


async def open_notebook(editor: Editor, *cells: tuple[lsp.NotebookCellKind, str]) -> list[str]:
    """Open a notebook with cells; return the addresses of the code cells."""
    uris = [f"vscode-notebook-cell:{editor.folder}/a.ipynb#c{number}" for number in range(len(cells))]
    found = [lsp.NotebookCell(kind, uri) for uri, (kind, _) in zip(uris, cells, strict=True)]
    texts = [lsp.TextDocumentItem(uri, "python", 1, text) for uri, (_, text) in zip(uris, cells, strict=True)]
    editor.texts |= {one.uri: one.text for one in texts}
    notebook = lsp.NotebookDocument(editor.uri("a.ipynb"), "jupyter-notebook", 1, found)
    editor.client.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(notebook, texts))
    return [uri for uri, (kind, _) in zip(uris, cells, strict=True) if kind == lsp.NotebookCellKind.Code]


def test_a_notebook_is_one_module_whose_findings_stand_in_its_cells(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        first, second = await open_notebook(
            editor,
            (lsp.NotebookCellKind.Markup, "# Title"),
            (lsp.NotebookCellKind.Code, "%matplotlib inline\nimport torch"),
            (lsp.NotebookCellKind.Code, "x = 1\ntorch.cuda.empty_cache()"),
        )
        assert await editor.queue(first).get() == []
        (found,) = await editor.queue(second).get()
        assert (found.code, found.range.start) == ("CFX101", lsp.Position(1, 0))
        offered = await editor.client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(second), found.range, lsp.CodeActionContext([]))
        )
        actions = [one for one in offered or () if isinstance(one, lsp.CodeAction)]
        texts = await editor.chosen(actions, "fix all that is safe")
        assert texts[second] == "x = 1\nempty_device_cache()"
        assert texts[first] == "%matplotlib inline\nfrom cudafix.runtime import empty_device_cache"

    with_editor(tmp_path, story)


def test_a_cell_that_is_typed_in_is_looked_at(tmp_path: Path) -> None:
    async def story(editor: Editor) -> None:
        (cell,) = await open_notebook(editor, (lsp.NotebookCellKind.Code, "import torch\n"))
        assert await editor.queue(cell).get() == []
        text = lsp.NotebookDocumentCellContentChanges(
            lsp.VersionedTextDocumentIdentifier(2, cell), [lsp.TextDocumentContentChangeWholeDocument(HARDCODED)]
        )
        change = lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(text_content=[text]))
        editor.client.notebook_document_did_change(
            lsp.DidChangeNotebookDocumentParams(
                lsp.VersionedNotebookDocumentIdentifier(2, editor.uri("a.ipynb")), change
            )
        )
        assert [one.code for one in await editor.queue(cell).get()] == ["CFX101"]

    with_editor(tmp_path, story)
