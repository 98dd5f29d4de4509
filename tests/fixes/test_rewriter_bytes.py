"""Every byte outside the changed names stays: line ends, indents, encoding, the first mark and the last newline."""

from __future__ import annotations

from checks import PROJECT, fixed, options

from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result


def new_bytes(data: bytes) -> bytes:
    result = fixed(data)
    assert result.problems == ()
    assert result.new_bytes is not None
    return result.new_bytes


def check(data: bytes) -> Result:
    return process(Source("example.py", data), options(), Work(Mode.CHECK))


def test_carriage_returns_stay_and_the_new_line_has_one() -> None:
    assert new_bytes(b"import torch\r\n\r\ntorch.cuda.synchronize(torch.ones)\r\n") == (
        b"import torch\r\nfrom cudafix.runtime import synchronize_device\r\n\r\nsynchronize_device(torch.ones)\r\n"
    )


def test_a_wrapped_import_has_them_on_every_line() -> None:
    data = (
        b"import torch as t\r\nt.cuda.reset_peak_memory_stats(t.cuda.max_memory_allocated(t.cuda.current_device()))\r\n"
    )
    assert new_bytes(data) == (
        b"from cudafix.runtime import (\r\n    current_device,\r\n    max_device_memory_allocated,\r\n"
        b"    reset_peak_device_memory_stats,\r\n)\r\n"
        b"reset_peak_device_memory_stats(max_device_memory_allocated(current_device()))\r\n"
    )


def test_old_mac_line_ends_stay() -> None:
    assert new_bytes(b"import torch\rtorch.cuda.synchronize(torch.ones)\rx = 1\n") == (
        b"import torch\rfrom cudafix.runtime import synchronize_device\rsynchronize_device(torch.ones)\rx = 1\n"
    )


def test_mixed_line_ends_stay_mixed() -> None:
    assert new_bytes(b"x = 1\nimport torch\r\ntorch.cuda.synchronize(torch.ones)\n") == (
        b"x = 1\nimport torch\r\nfrom cudafix.runtime import synchronize_device  # noqa: E402\n"
        b"synchronize_device(torch.ones)\n"
    )


def test_tabs_stay_and_the_new_line_has_them() -> None:
    assert new_bytes(b"def wait():\n\timport torch\n\ttorch.cuda.synchronize(torch.ones)\n") == (
        b"def wait():\n\timport torch\n\tfrom cudafix.runtime import synchronize_device\n"
        b"\tsynchronize_device(torch.ones)\n"
    )


def test_an_indent_of_another_width_is_copied() -> None:
    assert new_bytes(b"if x:\n   import torch\n   torch.cuda.synchronize(torch.ones)\n") == (
        b"if x:\n   import torch\n   from cudafix.runtime import synchronize_device\n"
        b"   synchronize_device(torch.ones)\n"
    )


def test_form_feeds_on_a_line_of_their_own_stay() -> None:
    assert new_bytes(b"import torch\n\x0c\ndef wait():\n    torch.cuda.synchronize(torch.ones)\n") == (
        b"import torch\nfrom cudafix.runtime import synchronize_device\n\x0c\ndef wait():\n"
        b"    synchronize_device(torch.ones)\n"
    )


def test_a_byte_order_mark_stays() -> None:
    assert new_bytes(b"\xef\xbb\xbfimport torch\ntorch.cuda.synchronize(torch.ones)\n") == (
        b"\xef\xbb\xbfimport torch\nfrom cudafix.runtime import synchronize_device\nsynchronize_device(torch.ones)\n"
    )


def test_an_encoding_cookie_is_obeyed() -> None:
    assert new_bytes(b"# -*- coding: latin-1 -*-\nimport torch\ntorch.ones, torch.cuda.synchronize('\xe9')\n") == (
        b"# -*- coding: latin-1 -*-\nimport torch\nfrom cudafix.runtime import synchronize_device\n"
        b"torch.ones, synchronize_device('\xe9')\n"
    )


def test_characters_outside_ascii_do_not_shift_the_columns() -> None:
    data = "import torch\nx = '日本', '\U0001f600', torch.cuda.synchronize(torch.ones)\n"
    assert new_bytes(data.encode()).decode() == (
        "import torch\nfrom cudafix.runtime import synchronize_device\n"
        "x = '日本', '\U0001f600', synchronize_device(torch.ones)\n"
    )


def test_a_file_without_a_last_newline_gets_none() -> None:
    assert new_bytes(b"import torch\ntorch.cuda.synchronize(torch.ones)") == (
        b"import torch\nfrom cudafix.runtime import synchronize_device\nsynchronize_device(torch.ones)"
    )


def test_trailing_spaces_and_comments_at_the_end_stay() -> None:
    assert new_bytes(b"import torch  \n  \ntorch.cuda.synchronize(torch.ones)   # done \n\n# end") == (
        b"import torch  \nfrom cudafix.runtime import synchronize_device\n  \n"
        b"synchronize_device(torch.ones)   # done \n\n# end"
    )


def test_strings_urls_and_comments_that_say_torch_cuda_stay() -> None:
    text = '"""Wraps torch.cuda.synchronize()."""\nURL = "https://x.y/torch.cuda.html"  # torch.cuda.synchronize\n'
    assert fixed(text.encode()).new_bytes is None
    assert check(text.encode()).findings == ()


def test_a_line_ending_that_the_parser_cannot_keep_leaves_the_file_as_it_is() -> None:
    result = fixed(b"import torch\r\ntorch.cuda.synchronize()\r")
    assert result.new_bytes is None
    assert [str(one) for one in result.problems] == [
        f"{PROJECT / 'example.py'}: left as it was: libcst would lose a form feed before a statement, "
        "or a lone carriage return"
    ]
