"""`cudafix vendor`: the runtime as a file of another project."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import HARDCODED, invoke, names_below

import cudafix.files.output
from cudafix import __version__

NAME = "device.py"


pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def copy(folder: Path) -> Path:
    assert invoke("vendor", NAME).exit_code == 0
    return folder / NAME


# Nothing is written


def test_check_of_a_current_copy_is_clean(copy: Path) -> None:
    result = invoke("vendor", "--check", NAME)
    assert (result.exit_code, result.output) == (0, "device.py is up to date\n")


def test_check_writes_nothing(folder: Path) -> None:
    result = invoke("vendor", "--check", NAME)
    assert (result.exit_code, result.output) == (1, "device.py does not exist\n")
    assert not (folder / NAME).exists()


def test_check_tells_an_edited_copy(copy: Path) -> None:
    copy.write_text(copy.read_text() + "# mine\n")
    result = invoke("vendor", "--check", NAME)
    assert (result.exit_code, result.output) == (1, "device.py was edited by hand\n")


def test_check_tells_an_outdated_copy(copy: Path) -> None:
    header, body = copy.read_text().split("# cudafix-sha256: ")
    body = body.partition("\n")[2] + "# of an older version\n"
    copy.write_text(f"{header}# cudafix-sha256: {hashlib.sha256(body.encode()).hexdigest()}\n{body}")
    result = invoke("vendor", "--check", NAME)
    assert (result.exit_code, result.output) == (1, "device.py is out of date\n")


@pytest.mark.parametrize("content", [b"x = 1\n", b"", b"\xff\n"])
def test_check_tells_another_file(content: bytes, folder: Path) -> None:
    (folder / NAME).write_bytes(content)
    result = invoke("vendor", "--check", NAME)
    assert (result.exit_code, result.output) == (1, "device.py is no copy of the runtime\n")


def test_line_ends_of_windows_are_no_edit(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes().replace(b"\n", b"\r\n"))
    assert invoke("vendor", "--check", NAME).exit_code == 0


def test_cudafix_finds_nothing_in_a_copy(copy: Path) -> None:
    result = invoke("check", NAME)
    assert (result.exit_code, result.output) == (0, "")


# The copy


def test_the_copy_says_what_it_is(copy: Path) -> None:
    lines = copy.read_text().splitlines()
    assert lines[0] == "# SPDX-License-Identifier: Apache-2.0"
    assert lines[1] == "# cudafix: runtime: a copy made by `cudafix vendor`, @generated."
    assert "`cudafix vendor device.py` refreshes it" in lines[2]
    assert lines[3] == f"# cudafix-version: {__version__}"


def test_the_copy_works_where_cudafix_is_not_installed(copy: Path) -> None:
    code = "import sys; sys.modules['cudafix'] = None; import device; print(device.empty_device_cache.__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=copy.parent, capture_output=True, text=True, check=True)
    assert done.stdout == "empty_device_cache\n"


def test_vendor_says_what_to_set(folder: Path) -> None:
    (folder / "src" / "mypackage").mkdir(parents=True)
    assert invoke("vendor", "src/mypackage/device.py").output == (
        'Wrote src/mypackage/device.py. Set `runtime-module = "mypackage.device"` in [tool.cudafix].\n'
    )


def test_fixed_code_imports_from_the_copy(copy: Path) -> None:
    (copy.parent / "a.py").write_text(HARDCODED)
    invoke("fix", "--runtime-module", "device", "a.py")
    assert "from device import empty_device_cache\n" in (copy.parent / "a.py").read_text()


def test_an_outdated_copy_is_refreshed(copy: Path) -> None:
    current = copy.read_text()
    body = "# of an older version\n"
    copy.write_text(f"# cudafix-sha256: {hashlib.sha256(body.encode()).hexdigest()}\n{body}")
    assert invoke("vendor", NAME).exit_code == 0
    assert copy.read_text() == current


# What is not overwritten


def test_an_edited_copy_is_not_overwritten_unless_forced(copy: Path) -> None:
    current = copy.read_text()
    copy.write_text(current + "# mine\n")
    result = invoke("vendor", NAME)
    assert (result.exit_code, result.output) == (
        2,
        "cudafix: error: device.py was edited by hand: --force overwrites it\n",
    )
    assert copy.read_text() == current + "# mine\n"
    assert invoke("vendor", "--force", NAME).exit_code == 0
    assert copy.read_text() == current


def test_another_file_is_not_overwritten_unless_forced(folder: Path) -> None:
    (folder / NAME).write_text("x = 1\n")
    assert invoke("vendor", NAME).exit_code == 2
    assert (folder / NAME).read_text() == "x = 1\n"
    assert invoke("vendor", "--force", NAME).exit_code == 0


def test_a_folder_is_one_line_that_suggests_a_name(folder: Path) -> None:
    (folder / "sub").mkdir()
    assert invoke("vendor", "sub").output == (
        "cudafix: error: sub is a folder: name the file, such as sub/device_runtime.py\n"
    )


def test_a_missing_folder_is_one_line() -> None:
    result = invoke("vendor", "missing/device.py")
    assert (result.exit_code, result.output) == (
        2,
        "cudafix: error: missing/device.py: cannot be written: No such file or directory\n",
    )


def test_a_disk_that_fails_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **settings: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cudafix.files.output, "write_all", fail)
    assert invoke("vendor", NAME).output == "cudafix: error: device.py: cannot be written: Permission denied\n"
    assert names_below(folder) == []


def refused(name: str) -> str:
    """Return why nothing is written to `name`, by --force neither."""
    done = invoke("vendor", "--force", name)
    assert done.exit_code == 2
    return done.output.removeprefix("cudafix: error: ").rstrip("\n")


def test_a_link_to_nothing_stays_one(folder: Path) -> None:
    (folder / NAME).symlink_to("nowhere")
    assert refused(NAME) == "device.py: is neither an ordinary file nor a link to one"
    assert names_below(folder) == [NAME]


def test_a_link_to_a_file_elsewhere_is_not_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "other.py"
    other.write_text("x = 1\n")
    (folder / NAME).symlink_to(other)
    assert refused(NAME) == f"device.py: is a link to a file elsewhere: name that file ({other})"
    assert other.read_text() == "x = 1\n"


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / NAME)
    assert refused(NAME) == "device.py: is neither an ordinary file nor a link to one"


def test_a_device_stays_one() -> None:
    assert refused(os.devnull) == "/dev/null: is neither an ordinary file nor a link to one"


@pytest.mark.parametrize(
    ("name", "shown"), [("a\nb.py", "a b.py"), ("a\udcff.py", "a\\udcff.py"), ("a\x1b.py", "a\\x1b.py")]
)
def test_a_name_that_cannot_stand_in_the_copy_is_refused(name: str, shown: str, folder: Path) -> None:
    assert refused(name).startswith(f"{shown}: a name with such characters cannot stand in the copy")
    assert names_below(folder) == []


def test_a_name_that_is_too_long_is_one_line(folder: Path) -> None:
    assert refused("x" * 300).endswith(": File name too long")
    assert names_below(folder) == []


def test_a_large_file_is_not_read(folder: Path) -> None:
    with open(folder / NAME, "wb") as stream:
        stream.truncate(2**36)
    assert invoke("vendor", "--check", NAME).output == "device.py is no copy of the runtime\n"


def test_a_copy_that_cannot_be_imported_gets_no_setting() -> None:
    assert invoke("vendor", "class.py").output == (
        "Wrote class.py. Code cannot import a module that is called so: "
        "give the file, and its folders, names of Python.\n"
    )
