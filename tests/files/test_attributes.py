"""What a file has beside its content is what it had: whoever may read it, and what others have noted about it."""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

import pytest
from command import HARDCODED, NEUTRAL, invoke, names_below

import cudafix.files.write
from cudafix.files.attributes import extended, keep_attributes

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
NOBODY = 0xFFFFFFFF
"""What an entry of an access list says that is about no user in particular."""

MORE, LESS = 6, 4

pytestmark = pytest.mark.usefixtures("folder")


def access_list(user: int, rights: int) -> bytes:
    """Return the list of a file that a user, who does not own it, may read and perhaps write."""
    entries = ((1, 6, NOBODY), (2, rights, user), (4, 4, NOBODY), (16, rights, NOBODY), (32, 0, NOBODY))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)


def give(path: Path, name: str, value: bytes) -> None:
    """Give a file an extended attribute; skips the test where the system or its file system has none."""
    if not hasattr(os, "setxattr"):
        pytest.skip("Linux")
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"{name}: {error.strerror}")


@pytest.fixture
def source(folder: Path) -> Path:
    (folder / "a.py").write_text(HARDCODED)
    return folder / "a.py"


def refuse(*arguments: object, **names: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# Of code


def test_a_file_without_attributes_has_none_afterwards(source: Path) -> None:
    before = extended(str(source))
    assert invoke("fix").exit_code == 0
    assert (source.read_text(), extended(str(source))) == (NEUTRAL, before)


def test_where_the_system_has_none_a_file_is_fixed(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "listxattr", raising=False)
    assert invoke("fix").exit_code == 0
    assert source.read_text() == NEUTRAL


def test_what_others_have_noted_about_a_file_is_kept(source: Path) -> None:
    give(source, "user.reviewed", b"yes\0")
    assert invoke("fix").exit_code == 0
    assert source.read_text() == NEUTRAL
    assert os.getxattr(source, "user.reviewed") == b"yes\0"


@pytest.mark.parametrize("rights", [LESS, MORE])
def test_an_access_list_is_kept(rights: int, source: Path) -> None:
    give(source, ACCESS, access_list(12345, rights))
    mode = source.stat().st_mode
    assert invoke("fix").exit_code == 0
    assert (source.read_text(), source.stat().st_mode) == (NEUTRAL, mode)
    assert os.getxattr(source, ACCESS) == access_list(12345, rights)


def test_a_file_without_an_access_list_gets_none_from_its_folder(source: Path) -> None:
    give(source.parent, DEFAULT, access_list(12345, MORE))
    source.chmod(0o640)
    assert invoke("fix").exit_code == 0
    assert (source.read_text(), stat.S_IMODE(source.stat().st_mode)) == (NEUTRAL, 0o640)
    assert ACCESS not in os.listxattr(source)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o4755, 0o2755, 0o1644])
def test_every_bit_of_the_mode_is_kept(mode: int, source: Path) -> None:
    source.chmod(mode)
    assert invoke("fix").exit_code == 0
    assert stat.S_IMODE(source.stat().st_mode) == mode


# What a new file cannot have, the old one keeps


def test_an_attribute_that_no_other_file_can_have_is_kept_by_writing_in_place(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(source, "user.reviewed", b"yes")
    place = source.stat().st_ino
    monkeypatch.setattr(os, "setxattr", refuse)
    assert invoke("fix", "-j", "1").exit_code == 0
    assert (source.read_text(), source.stat().st_ino) == (NEUTRAL, place)
    assert os.getxattr(source, "user.reviewed") == b"yes"
    assert names_below(source.parent) == ["a.py"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give a file to others")
def test_a_file_of_somebody_else_stays_theirs_where_no_other_can_be_given_to_them(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(source, 12345, 12345)
    monkeypatch.setattr(os, "chown", refuse)
    assert invoke("fix", "-j", "1").exit_code == 0
    status = source.stat()
    assert (source.read_text(), status.st_uid, status.st_gid) == (NEUTRAL, 12345, 12345)


def test_a_file_that_is_mounted_by_itself_is_written_in_place(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(temporary: str, target: str) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    place = source.stat().st_ino
    monkeypatch.setattr(os, "replace", busy)
    assert invoke("fix", "-j", "1").exit_code == 0
    assert (source.read_text(), source.stat().st_ino) == (NEUTRAL, place)
    assert names_below(source.parent) == ["a.py"]


def test_a_mode_that_no_other_file_can_have_is_kept(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source.chmod(0o640)
    monkeypatch.setattr(os, "chmod", refuse)
    assert invoke("fix", "-j", "1").exit_code == 0
    assert (source.read_text(), stat.S_IMODE(source.stat().st_mode)) == (NEUTRAL, 0o640)


def test_the_copy_beside_a_file_that_is_written_in_place_is_nobody_elses(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("other.txt").hardlink_to(source)
    put, seen = cudafix.files.write.put, []

    def look(descriptor: int, data: bytes) -> None:
        seen.append(stat.S_IMODE(os.stat("a.py.cudafix-old").st_mode))
        put(descriptor, data)

    monkeypatch.setattr(cudafix.files.write, "put", look)
    assert invoke("fix", "-j", "1").exit_code == 0
    assert (source.read_text(), seen) == (NEUTRAL, [0o600])


def test_a_new_file_has_its_own_age(folder: Path) -> None:
    for name in ("old", "new"):
        Path(name).touch()
    os.utime("old", (1, 1))
    keep_attributes("old", "new")
    assert os.stat("new").st_mtime > 1


# Of output


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("found.txt", ["check", "--output-file", "found.txt", "a.py"], 1),
        ("known.json", ["baseline", "create", "--force", "--file", "known.json", "a.py"], 0),
        ("page.html", ["report", "--output-file", "page.html", "a.py"], 0),
        ("device.py", ["vendor", "--force", "device.py"], 0),
    ],
)
def test_output_keeps_what_earlier_output_has(name: str, arguments: list[str], code: int, source: Path) -> None:
    path = source.with_name(name)
    path.write_text("earlier")
    give(path, "user.reviewed", b"yes")
    give(path, ACCESS, access_list(12345, MORE))
    assert invoke(*arguments).exit_code == code
    assert path.read_text() != "earlier"
    assert os.getxattr(path, "user.reviewed") == b"yes"
    assert os.getxattr(path, ACCESS) == access_list(12345, MORE)


def test_output_is_written_in_place_where_no_other_file_can_have_that(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = source.with_name("found.txt")
    path.write_text("earlier")
    give(path, "user.reviewed", b"yes")
    place = path.stat().st_ino
    monkeypatch.setattr(os, "setxattr", refuse)
    assert invoke("check", "--output-file", "found.txt", "a.py").exit_code == 1
    assert (path.stat().st_ino, os.getxattr(path, "user.reviewed")) == (place, b"yes")
    assert names_below(path.parent) == ["a.py", "found.txt"]
