"""The configuration file: where it is looked for, what it may say, and what is said when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command import HARDCODED, LINE, invoke, run

import cudafix.config.options
import cudafix.config.toml
from cudafix.config.options import Options, Overrides, options_for
from cudafix.config.settings import ConfigError, Route, read_settings

pytestmark = pytest.mark.usefixtures("folder")


def found(folder: Path, **settings: object) -> Options:
    return options_for(folder, Overrides(read_settings(settings, "command line")))


# Where it is looked for


def test_without_a_file_everything_is_as_built_in(folder: Path) -> None:
    assert found(folder) == Options(root=folder)


def test_a_pyproject_that_does_not_name_us_is_passed_over(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.cudafix]\nignore = ["CFX101"]\n')
    (folder / "sub").mkdir()
    (folder / "sub" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert found(folder / "sub").ignore == ("CFX101",)


def test_a_pyproject_of_somebody_else_may_be_broken(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.ruff\n")
    assert found(folder) == Options(root=folder)


def test_the_closest_file_counts_alone(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.cudafix]\nignore = ["CFX101"]\nroute = "accelerator"\n')
    (folder / "sub").mkdir()
    (folder / "sub" / "pyproject.toml").write_text('[tool.cudafix]\nignore = ["CFX104"]\n')
    options = found(folder / "sub")
    assert (options.ignore, options.route) == (("CFX104",), Route.RUNTIME)


def test_each_file_has_the_settings_of_its_own_folder(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (folder / "sub" / "a.py").write_text(HARDCODED)
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check").stdout == LINE


def test_cudafix_toml_needs_no_table_and_goes_before_pyproject(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.cudafix]\nignore = ["CFX101"]\n')
    (folder / "cudafix.toml").write_text('ignore = ["CFX104"]\n')
    assert found(folder).ignore == ("CFX104",)


def test_globs_are_relative_to_the_folder_of_the_file(folder: Path) -> None:
    (folder / "cudafix.toml").write_text('extend-exclude = ["src/gen"]\n')
    (folder / "src" / "gen").mkdir(parents=True)
    (folder / "src" / "gen" / "a.py").write_text(HARDCODED)
    assert run("check", cwd=folder / "src").stdout == b""


def test_config_names_the_file_and_no_other_is_read(folder: Path) -> None:
    (folder / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (folder / "ci").mkdir()
    (folder / "ci" / "strict.toml").write_text('select = ["CFX101"]\n')
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check", "--config", "ci/strict.toml").stdout == LINE


def test_globs_of_a_named_file_are_relative_to_the_working_folder(folder: Path) -> None:
    (folder / "ci").mkdir()
    (folder / "ci" / "strict.toml").write_text('extend-exclude = ["src/gen"]\n')
    (folder / "src" / "gen").mkdir(parents=True)
    (folder / "src" / "gen" / "a.py").write_text(HARDCODED)
    assert invoke("check", "--config", "ci/strict.toml").stdout == ""


def test_isolated_reads_no_file(folder: Path) -> None:
    (folder / "cudafix.toml").write_text("broken")
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check", "--isolated").stdout == LINE


def test_a_file_with_a_byte_order_mark_is_read(folder: Path) -> None:
    (folder / "cudafix.toml").write_text('\ufeffignore = ["CFX101"]\n', encoding="utf-8")
    assert found(folder).ignore == ("CFX101",)


# What it may say


def test_every_setting_is_read(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        """
        [tool.cudafix]
        select = ["CFX1", "unreadable-file"]
        extend-select = ["ALL"]
        ignore = ["CFX104"]
        per-file-ignores = { "tests/*" = ["CFX1"] }
        exclude = ["gen"]
        extend-exclude = ["third_party"]
        force-exclude = true
        route = "accelerator"
        runtime-module = "mypackage.device"
        target-torch = "2.9.1"
        """
    )
    assert found(folder) == Options(
        select=("CFX1", "CFX001"),
        extend_select=("CFX",),
        ignore=("CFX104",),
        per_file_ignores=(("tests/*", ("CFX1",)),),
        exclude=("gen",),
        extend_exclude=("third_party",),
        force_exclude=True,
        route=Route.ACCELERATOR,
        runtime_module="mypackage.device",
        target_torch=(2, 9),
        root=folder,
    )


def test_the_command_line_wins(folder: Path) -> None:
    (folder / "cudafix.toml").write_text('ignore = ["CFX101"]\nroute = "accelerator"\n')
    options = found(folder, ignore=["CFX104"])
    assert (options.ignore, options.route) == (("CFX104",), Route.ACCELERATOR)


def test_a_flag_wins_over_the_file(folder: Path) -> None:
    (folder / "cudafix.toml").write_text('ignore = ["CFX101"]\n')
    (folder / "a.py").write_text(HARDCODED)
    assert invoke("check").stdout == ""
    assert invoke("check", "--ignore", "CFX104").stdout == LINE


# What is said when it is wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('igmore = ["CFX101"]', "unknown setting `igmore`; did you mean `ignore`?"),
        ("extend_select = []", "unknown setting `extend_select`; did you mean `extend-select`?"),
        ("qqq = 1", "unknown setting `qqq`"),
        ('ignore = "CFX101"', "setting `ignore`: expected a list of strings, got 'CFX101'"),
        ("ignore = [101]", "setting `ignore`: expected a list of strings, got [101]"),
        ('ignore = ["CFX999"]', "setting `ignore`: no rule has the code `CFX999`"),
        ('ignore = ["E501"]', "setting `ignore`: no rule has the code `E501`"),
        ('per-file-ignores = ["CFX1"]', "setting `per-file-ignores`: expected a table of globs, got ['CFX1']"),
        ('per-file-ignores = { "a" = "CFX1" }', "setting `per-file-ignores`: expected a list of strings, got 'CFX1'"),
        ("exclude = true", "setting `exclude`: expected a list of strings, got True"),
        ('force-exclude = "yes"', "setting `force-exclude`: expected true or false, got 'yes'"),
        ('route = "cuda"', "setting `route`: expected one of runtime, accelerator, torch, targets, got 'cuda'"),
        ("route = 3", "setting `route`: expected one of runtime, accelerator, torch, targets, got 3"),
        ('runtime-module = "my-package"', "setting `runtime-module`: expected a dotted module name, got 'my-package'"),
        ("target-torch = 2.9", 'setting `target-torch`: expected a torch version such as "2.9", or "auto", got 2.9'),
        ('target-torch = "2.3"', "setting `target-torch`: torch 2.3 is older than 2.4"),
        ("ignore = [", "is not valid TOML: "),
    ],
)
def test_a_wrong_setting_names_the_file_the_key_and_what_is_expected(text: str, message: str, folder: Path) -> None:
    (folder / "cudafix.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        found(folder)
    assert str(error.value).startswith(f"{folder / 'cudafix.toml'}: ")
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["[tool]\ncudafix = 3\n", "[[tool.cudafix]]\n"])
def test_a_section_that_is_no_table_is_an_error(text: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"`tool\.cudafix` is not a table"):
        found(folder)


def test_a_tool_entry_that_is_no_table_is_none_of_ours(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("tool = 3\n")
    assert found(folder) == Options(root=folder)


def test_a_broken_pyproject_that_names_us_is_an_error(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.cudafix]\nignore = [\n")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        found(folder)


def test_a_file_that_is_no_utf8_is_an_error(folder: Path) -> None:
    (folder / "cudafix.toml").write_bytes(b"# \xff\n")
    with pytest.raises(ConfigError, match="cannot be read: 'utf-8' codec can't decode byte 0xff"):
        found(folder)


def test_a_folder_in_the_place_of_the_file_is_an_error(folder: Path) -> None:
    (folder / "cudafix.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        found(folder)


@pytest.mark.parametrize("text", ["ignore = [", "igmore = []", 'ignore = ["CFX999"]'])
def test_a_wrong_file_is_one_line_and_exit_code_2(text: str, folder: Path) -> None:
    (folder / "cudafix.toml").write_text(text)
    (folder / "a.py").write_text(HARDCODED)
    result = invoke("fix")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"cudafix: error: {folder / 'cudafix.toml'}: ")
    assert (folder / "a.py").read_text() == HARDCODED


def test_a_pyproject_that_speaks_of_us_elsewhere_is_passed_over(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.cudafix]\nignore = ["CFX101"]\n')
    (folder / "sub").mkdir()
    (folder / "sub" / "pyproject.toml").write_text('[project]\ndependencies = ["cudafix"]\n')
    assert found(folder / "sub").ignore == ("CFX101",)


def test_a_broken_pyproject_that_only_depends_on_us_is_none_of_ours(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project\ndependencies = ["cudafix"]\n')
    assert found(folder) == Options(root=folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("baseline = 3", "expected a string, got 3"),
        ("preset = []", "expected one of accelerate"),
        ("targets = 3", "expected a table, got 3"),
        ('targets = { "torch.cuda.fly" = "pkg.fly" }', "`torch.cuda.fly` is no function of a backend"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_an_error(line: str, said: str, folder: Path) -> None:
    (folder / "cudafix.toml").write_text(f"{line}\n")
    with pytest.raises(ConfigError, match=said):
        found(folder)


# Files that are none


def test_a_pipe_in_the_place_of_the_file_is_an_error_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "cudafix.toml")
    with pytest.raises(ConfigError, match=r"cudafix\.toml: is no ordinary file"):
        found(folder)


def test_a_file_that_is_too_large_is_an_error(folder: Path) -> None:
    with open(folder / "cudafix.toml", "wb") as stream:
        stream.truncate(3_000_000_000)
    with pytest.raises(ConfigError, match=r"cudafix\.toml: is larger than 1 MB"):
        found(folder)


def test_a_link_that_leads_to_itself_is_an_error(folder: Path) -> None:
    (folder / "loop.toml").symlink_to("loop.toml")
    with pytest.raises(ConfigError, match=r"loop\.toml: cannot be read: "):
        options_for(folder, Overrides({}, Path("loop.toml")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a = {'[' * 2_000}", "is not valid TOML: it is nested too deeply"),
        (f"a = {'9' * 5_000}", "is not valid TOML: "),
        (f"select = 0x{'9' * 5_000}", "Exceeds the limit"),
    ],
    ids=["brackets", "digits", "a number that Python does not show"],
)
def test_what_the_reader_of_toml_chokes_on_is_an_error(text: str, message: str, folder: Path) -> None:
    (folder / "cudafix.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        found(folder)


def test_a_key_of_more_parts_than_a_limit_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudafix.config.toml, "MOST_DOTS", 3)
    (folder / "cudafix.toml").write_text("a.b.c.d.e = 1")
    with pytest.raises(ConfigError, match="is not valid TOML: a line has more than 3 dots"):
        found(folder)


def test_a_folder_above_that_may_not_be_entered_says_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *rest: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cudafix.config.options, "read_text", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert found(folder) == Options(root=Path.cwd())
