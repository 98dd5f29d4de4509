"""cudafix as a library: what goes in, what comes out, and what it has in common with the command."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command import CLEAN, HARDCODED, NEUTRAL, invoke

import cudafix

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").rglob("*.py"))[::4]
"""Some of them: all are fixed in `tests/runtime/test_control_flow.py`."""


def test_a_clean_text_has_no_findings() -> None:
    assert cudafix.check_source(CLEAN) == cudafix.Checked((), ())


def test_a_finding_says_where_it_is_and_holds_the_edits_of_its_fix() -> None:
    (finding,) = cudafix.check_source(HARDCODED, "train.py").findings
    assert (finding.path, finding.start, finding.code) == ("train.py", cudafix.Position(4, 1), "CFX101")
    assert finding.fix is not None
    assert finding.fix.safety is cudafix.Safety.SAFE
    assert "empty_device_cache" in [edit.content for edit in finding.fix.edits]


def test_a_text_without_findings_comes_back_as_it_was() -> None:
    text = "import torch\r\nx = 1"
    assert cudafix.fix_source(text) == cudafix.Fixed(text, (), (), ())


def test_a_text_becomes_a_text() -> None:
    result = cudafix.fix_source(HARDCODED)
    assert result.source == NEUTRAL
    assert [one.code for one in result.fixed] == ["CFX101"]
    assert result.findings == ()


def test_bytes_become_bytes() -> None:
    assert cudafix.fix_source(HARDCODED.encode()).source == NEUTRAL.encode()


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff" + HARDCODED.replace("\n", "\r\n")
    assert cudafix.fix_source(text).source == "\ufeff" + NEUTRAL.replace("\n", "\r\n")


def test_a_text_with_a_coding_declaration_stays_the_text_that_it_is() -> None:
    head, tail = "# -*- coding: latin-1 -*-\n", "name = 'Zoë'\n"
    assert cudafix.fix_source(head + HARDCODED + tail).source == head + NEUTRAL + tail


def test_a_text_that_its_own_declaration_cannot_hold_is_a_problem() -> None:
    text = "# coding: ascii\n" + HARDCODED + "name = 'Zoë'\n"
    result = cudafix.fix_source(text, "a.py")
    assert result.source == text
    assert [str(one) for one in result.problems] == ["a.py:6:11: cannot be encoded as ascii: '\\xeb'"]


def test_a_text_with_half_a_character_is_a_problem() -> None:
    assert len(cudafix.check_source(HARDCODED + "name = '\ud800'\n").problems) == 1


def test_a_text_that_declares_an_unknown_encoding_is_a_problem() -> None:
    result = cudafix.fix_source("# coding: klingon\n" + HARDCODED)
    assert result.source == "# coding: klingon\n" + HARDCODED
    assert "klingon" in str(result.problems[0])


def test_what_is_no_python_is_a_problem_with_a_place_and_raises_nothing() -> None:
    result = cudafix.fix_source(HARDCODED + "def (:\n", "a.py")
    assert result.source == HARDCODED + "def (:\n"
    assert [(one.path, one.position) for one in result.problems] == [("a.py", cudafix.Position(5, 5))]


def test_unsafe_fixes_are_made_only_when_they_are_asked_for() -> None:
    text = "import torch\n\nif torch.cuda.is_available():\n    work()\n"
    assert cudafix.fix_source(text).source == text
    assert "is_accelerator_available()" in cudafix.fix_source(text, unsafe_fixes=True).source


def test_settings_have_the_keys_of_the_configuration() -> None:
    settings = {"select": ["CFX1"], "route": "accelerator", "target-torch": "2.9"}
    text = "import torch\n\ntorch.cuda.synchronize()\n"
    assert "torch.accelerator.synchronize()" in cudafix.fix_source(text, settings=settings, unsafe_fixes=True).source


def test_a_setting_that_is_unknown_is_an_error_that_names_it() -> None:
    with pytest.raises(cudafix.ConfigError, match="unknown setting `selct`; did you mean `select`"):
        cudafix.check_source(HARDCODED, settings={"selct": ["CFX1"]})


def test_no_configuration_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cudafix.toml").write_text('ignore = ["ALL"]\n')
    monkeypatch.chdir(tmp_path)
    assert len(cudafix.check_source(HARDCODED).findings) == 1


def test_the_end_of_the_name_says_what_a_file_is() -> None:
    cells = [{"cell_type": "code", "source": ["import torch\n", "torch.cuda.empty_cache()"], "outputs": []}]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert "empty_device_cache()" in cudafix.fix_source(notebook, "a.ipynb").source
    document = "# Memory\n\n```python\nimport torch\ntorch.cuda.empty_cache()\n```\n"
    assert "empty_device_cache()" in cudafix.fix_source(document, "a.md", {"code-blocks": True}).source


def test_what_comes_out_can_be_sent_to_another_process() -> None:
    for result in (
        cudafix.check_source(HARDCODED),
        cudafix.fix_source(HARDCODED),
        cudafix.check_source("def (:\ntorch.cuda.x"),
    ):
        assert pickle.loads(pickle.dumps(result)) == result


def test_threads_find_what_one_finds_and_leave_the_limits_of_python_alone() -> None:
    limit = sys.getrecursionlimit()
    texts = [path.read_text() for path in FIXTURES]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(cudafix.check_source, texts))
    assert together == [cudafix.check_source(one) for one in texts]
    assert sys.getrecursionlimit() == limit


def test_the_library_makes_what_the_command_makes(tmp_path: Path) -> None:
    for number, path in enumerate(FIXTURES):
        (tmp_path / f"{number}.py").write_bytes(path.read_bytes())
    assert invoke("fix", "--isolated", "--no-cache", "--unsafe-fixes", tmp_path).exit_code == 1
    for number, path in enumerate(FIXTURES):
        by_library = cudafix.fix_source(path.read_bytes(), f"{tmp_path}/{number}.py", unsafe_fixes=True)
        assert by_library.source == (tmp_path / f"{number}.py").read_bytes()


def test_importing_the_package_loads_nothing_of_the_library() -> None:
    code = "import sys, cudafix; print([one for one in sys.modules if one.startswith(('cudafix.', 'libcst'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_name_that_the_library_lacks_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'cudafix' has no attribute 'chekc_source'"):
        cudafix.chekc_source  # noqa: B018


def test_the_names_of_the_library_can_be_listed() -> None:
    assert set(cudafix.__all__) <= set(dir(cudafix))
    assert all(getattr(cudafix, one) is not None for one in cudafix.__all__)


def test_files_and_folders_are_checked_as_the_command_checks_them(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "build").mkdir()
    for name in ("a.py", "src/b.py", "build/excluded.py"):
        (folder / name).write_text(HARDCODED)
    (folder / "src" / "broken.py").write_text("torch.cuda.empty_cache(\n")
    checked = cudafix.check_paths(["."])
    assert [one.place for one in checked.findings if one.code == "CFX101"] == ["a.py:4:1", "src/b.py:4:1"]
    assert [one.path for one in checked.problems] == ["src/broken.py"]
    assert checked.files == 3
    said = invoke("check", "--output-format", "json").stdout
    assert [one["filename"] for one in json.loads(said)] == [one.path for one in checked.findings]


def test_the_configuration_of_a_folder_counts_but_where_it_is_isolated(folder: Path) -> None:
    (folder / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (folder / "a.py").write_text(HARDCODED)
    assert cudafix.check_paths([folder]).findings == ()
    assert len(cudafix.check_paths([folder], isolated=True).findings) == 1
    assert len(cudafix.check_paths([folder], {"ignore": ["CFX104"]}).findings) == 1


def test_a_configuration_that_has_changed_is_read_again(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    assert len(cudafix.check_paths([folder]).findings) == 1
    (folder / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    assert cudafix.check_paths([folder]).findings == ()


def test_several_processes_find_what_one_finds(folder: Path) -> None:
    for number in range(40):
        (folder / f"{number:02}.py").write_text(HARDCODED if number % 2 else CLEAN)
    one = cudafix.check_paths([folder])
    assert (one.files, len(one.findings)) == (40, 20)
    assert cudafix.check_paths([folder], processes=2) == one


def test_what_is_said_of_paths_can_be_pickled(folder: Path) -> None:
    (folder / "a.py").write_text(HARDCODED)
    checked = cudafix.check_paths([folder])
    assert pickle.loads(pickle.dumps(checked)) == checked


def test_a_path_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(cudafix.PathError, match="nothing: no such file or directory"):
        cudafix.check_paths(["nothing"])
