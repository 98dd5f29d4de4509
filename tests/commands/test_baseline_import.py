"""`cudafix baseline import`: what a project's own hook let through, and nothing else, is known from now on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import invoke

FLUSH = "import torch\n\n\ndef f():\n    torch.cuda.empty_cache(){}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, comment in (("a.py", ""), ("pkg/b.py", "  #ignore-cuda"), ("pkg/deep/c.py", ""), ("tools/check.py", "")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(FLUSH.format(comment), encoding="utf-8")
    return tmp_path


def known() -> list[str]:
    return sorted(json.loads(Path("cudafix-baseline.json").read_text(encoding="utf-8"))["findings"])


def test_a_line_with_the_comment_is_excused(project: Path) -> None:
    done = invoke("baseline", "import", "--comment", "ignore-cuda")
    assert done.stdout == "Wrote 1 finding in 1 file to cudafix-baseline.json. 3 other findings left.\n"
    assert known() == ["pkg/b.py"]


def test_the_comment_may_stand_on_any_line_of_the_call(project: Path) -> None:
    source = "import torch\ntorch.cuda.synchronize(\n    0,\n)  # ours: keep-cuda\ntorch.cuda.empty_cache()\n"
    (project / "a.py").write_text(source, encoding="utf-8")
    done = invoke("baseline", "import", "--comment", "keep-cuda", "a.py")
    assert done.stdout.startswith("Wrote 1 finding in 1 file to cudafix-baseline.json. 1 other finding left.")


def test_the_number_of_an_entry_counts_those_that_are_not_excused(project: Path) -> None:
    body = "import torch\ntorch.cuda.empty_cache()\ntorch.cuda.empty_cache()  # ignore-cuda\n"
    (project / "a.py").write_text(body, encoding="utf-8")
    invoke("baseline", "import", "--comment", "ignore-cuda", "a.py")
    assert invoke("check", "--baseline", "-q", "a.py").stdout.startswith("a.py:2:1: CFX101")


def test_the_paths_in_a_script_are_excused_and_it_is_not_run(project: Path) -> None:
    script = project / "tools" / "hook.py"
    script.write_text(
        'raise SystemExit\nWORDS = {"pkg", "torch.cuda"}\nALLOWED = {"pkg/deep/", "a.py", "gone.py"}\n',
        encoding="utf-8",
    )
    done = invoke("baseline", "import", "--allow-list", script)
    assert (done.exit_code, known()) == (0, ["a.py", "pkg/deep/c.py"])


def test_the_paths_in_a_list_are_excused(project: Path) -> None:
    listed = project / "allowed.txt"
    listed.write_text("# these stay\n- pkg/b.py  # kernels\n./tools/check.py\n", encoding="utf-8")
    invoke("baseline", "import", "--allow-list", listed)
    assert known() == ["pkg/b.py", "tools/check.py"]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (b"x = (", "list.py", "list.py: cannot be read as Python"),
        (b"nothing here\n", "list.txt", "list.txt: names no file or folder below "),
        (b"/etc/passwd\n../a.py\n\xff", "list.txt", "list.txt: cannot be read: "),
        (b"/etc/passwd\n../a.py\n", "list.txt", "list.txt: names no file or folder below "),
        (None, "list.txt", "list.txt: cannot be read: No such file or directory"),
    ],
)
def test_a_list_that_is_none_is_one_clear_line(project: Path, text: bytes | None, name: str, message: str) -> None:
    if text is not None:
        (project / name).write_bytes(text)
    done = invoke("baseline", "import", "--allow-list", name)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"cudafix: error: {message}")
    assert not Path("cudafix-baseline.json").exists()


def test_it_must_be_said_what_was_excused(project: Path) -> None:
    done = invoke("baseline", "import")
    assert done.exit_code == 2
    assert "say what was excused, with --comment WORD or --allow-list FILE" in done.stderr


def test_a_baseline_that_is_there_is_not_replaced(project: Path) -> None:
    invoke("baseline", "create", "a.py")
    assert invoke("baseline", "import", "--comment", "ignore-cuda").exit_code == 2
    assert known() == ["a.py"]


def test_a_list_that_cannot_be_read_is_one_line(project: Path) -> None:
    done = invoke("baseline", "import", "--allow-list", project)
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_file_outside_of_the_project_is_not_excused_by_a_path(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "a.py"
    other.write_text(FLUSH.format(""), encoding="utf-8")
    listed = project / "allowed.txt"
    listed.write_text("a.py\n", encoding="utf-8")
    done = invoke("baseline", "import", "--isolated", "--allow-list", listed, "a.py", other)
    assert done.stdout.startswith("Wrote 1 finding in 1 file to cudafix-baseline.json. 1 other finding left.")


def test_a_name_that_no_file_can_have_excuses_nothing(project: Path) -> None:
    listed = project / "allowed.txt"
    listed.write_text("a\0b.py\nx" + "y" * 5000 + ".py\na.py\n", encoding="utf-8")
    invoke("baseline", "import", "--allow-list", listed)
    assert known() == ["a.py"]
