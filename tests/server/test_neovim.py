"""The server in a real editor: Neovim without a screen, where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import HARDCODED, NEUTRAL

pytestmark = pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")

SCRIPT = """
vim.cmd("edit a.py")
local start = vim.lsp.start or vim.lsp.start_client
local client = start({ name = "cudafix", cmd = { PYTHON, "-m", "cudafix", "server" }, root_dir = FOLDER })
vim.lsp.buf_attach_client(0, client)
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end)
local found = {}
for _, one in ipairs(vim.diagnostic.get(0)) do
  table.insert(found, { one.lnum, one.col, one.message, one.source })
end
local params = {
  textDocument = vim.lsp.util.make_text_document_params(0),
  range = { start = { line = 0, character = 0 }, ["end"] = { line = 0, character = 0 } },
  context = { diagnostics = {}, only = { "source.fixAll" } },
}
local answers = vim.lsp.buf_request_sync(0, "textDocument/codeAction", params, 20000)
for _, answer in pairs(answers) do
  for _, action in ipairs(answer.result) do
    local resolved = vim.lsp.buf_request_sync(0, "codeAction/resolve", action, 20000)
    for _, one in pairs(resolved) do vim.lsp.util.apply_workspace_edit(one.result.edit, "utf-16") end
  end
end
vim.cmd("write")
vim.fn.writefile({ vim.fn.json_encode(found) }, "found.json")
vim.cmd("qall!")
"""


def test_neovim_shows_what_is_found_and_fixes_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HARDCODED)
    script = SCRIPT.replace("PYTHON", json.dumps(sys.executable)).replace("FOLDER", json.dumps(str(tmp_path)))
    (tmp_path / "script.lua").write_text(script)
    command = ["nvim", "--headless", "--clean", "-c", "luafile script.lua"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "Error" not in done.stderr
    ((line, column, message, source),) = json.loads((tmp_path / "found.json").read_text())
    assert (line, column, source) == (3, 0, "cudafix")
    assert "use `empty_device_cache`" in message
    assert (tmp_path / "a.py").read_text() == NEUTRAL
