"""What is read of a path: an ordinary file up to a limit, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cudafix.files.ordinary import TooLargeError, read_ordinary, read_text, reason


def why_not(path: Path | str, limit: int = 10) -> str:
    try:
        read_ordinary(path, limit)
    except OSError as error:
        return reason(error)
    return ""


def test_an_ordinary_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    assert read_ordinary(tmp_path / "a", 10) == b"0123456789"


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert read_ordinary(tmp_path / "a", 10) == b""


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    assert read_ordinary(tmp_path / "b", 10) == b"x"


def test_line_ends_are_line_feeds(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(tmp_path / "a", 100, "utf-8-sig") == "a\nb\nc\n"


def test_a_file_that_is_larger_than_its_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 11)
    with pytest.raises(TooLargeError):
        read_ordinary(tmp_path / "a", 10)


def test_the_size_is_known_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(tmp_path / "a", "wb") as stream:
        stream.truncate(3_000_000_000)
    monkeypatch.setattr(os, "open", None)
    assert why_not(tmp_path / "a", 1_000_000) == "is larger than 1 MB"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux")
def test_a_file_without_a_size_is_read_up_to_the_limit() -> None:
    assert read_ordinary("/proc/self/status", 1_000_000).startswith(b"Name:")
    with pytest.raises(TooLargeError):
        read_ordinary("/proc/self/status", 10)


def test_a_device_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", None)
    assert why_not(os.devnull) == "is no ordinary file"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    assert why_not(tmp_path / "a") == "is no ordinary file"


def test_a_folder_is_none(tmp_path: Path) -> None:
    assert why_not(tmp_path) == "cannot be read: Is a directory"


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert why_not(tmp_path / "a") == "cannot be read: No such file or directory"
