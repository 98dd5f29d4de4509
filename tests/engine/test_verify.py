"""No rewritten module is written that does not compile, misses a name, or would change for ever."""

from __future__ import annotations

import pytest
from checks import PROJECT, check_fixes, fixed, options

from cudafix.engine.analyse import Analysis
from cudafix.engine.verify import RewriteError, verify
from cudafix.files.source import Source
from cudafix.matchers.references import parse


def verified(before: str, after: str) -> Analysis:
    return verify(parse(Source("example.py", before.encode())), after.encode(), options())


def refused(before: str, after: str, reason: str) -> None:
    with pytest.raises(RewriteError, match=reason):
        verified(before, after)


# Accepted


def test_a_good_rewrite_is_accepted_with_what_is_left_to_find() -> None:
    analysis = verified(
        "import torch\ntorch.cuda.synchronize()\ntorch.cuda.nvtx.mark('x')\n",
        "import torch\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n"
        "torch.cuda.nvtx.mark('x')\n",
    )
    assert [one.symbol for one in analysis.findings] == ["torch.cuda.nvtx.mark"]


def test_a_name_that_was_undefined_before_is_no_reason() -> None:
    verified("import torch\nx = undefined, torch\n", "import torch\nx = undefined, torch, 1\n")


def test_a_name_that_a_star_import_brings_is_no_reason() -> None:
    verified("from lib import *\nx = brought()\n", "from lib import *\nfrom lib import other\nx = brought()\n")


def test_a_module_that_did_not_compile_before_need_not_now() -> None:
    verified("import torch\nreturn torch\n", "import torch\nreturn torch, 1\n")


# Refused


def test_a_module_that_does_not_compile_is_refused() -> None:
    refused("import torch\ntorch\n", "import torch\nreturn torch\n", "would not compile")


def test_a_module_that_does_not_parse_is_refused() -> None:
    refused("import torch\ntorch\n", "Consider using 'torch.accelerator' instead\n", "would not compile")


def test_a_future_import_that_is_no_longer_first_is_refused() -> None:
    refused(
        "from __future__ import annotations\nimport torch\n",
        "import torch\nfrom __future__ import annotations\n",
        "would not compile",
    )


def test_a_name_without_its_import_is_refused() -> None:
    refused(
        "import torch\ntorch.cuda.empty_cache()\n",
        "import torch\nempty_device_cache()\n",
        "undefined name `empty_device_cache`",
    )


def test_an_import_that_was_still_needed_is_missed() -> None:
    refused("import torch\nx = torch.ones(1)\n", "x = torch.ones(1)\n", "undefined name `torch`")


def test_a_name_that_only_another_function_imports_is_refused() -> None:
    refused(
        "import torch\ndef one(): ...\ndef two():\n    return torch\n",
        "def one():\n    import torch\ndef two():\n    return torch\n",
        "undefined name `torch`",
    )


def test_a_name_that_was_undefined_in_one_place_is_refused_in_another() -> None:
    refused(
        "def one():\n    return torch\ndef two():\n    import torch\n    return torch\n",
        "def one():\n    return torch\ndef two():\n    return torch\n",
        "undefined name `torch`",
    )


def test_a_file_that_the_parser_cannot_reproduce_is_refused() -> None:
    refused("import torch\nx = 1\r", "import torch\nx = 1\n", "cannot be reproduced byte for byte")


# What comes of it


def test_a_refused_file_stays_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    source = b"import torch\ntorch.cuda.synchronize()\n"
    monkeypatch.setattr(
        "cudafix.fixes.rewriter.rewrite", lambda file, operations: parse(Source("", b"synchronize_device()")).module
    )
    result = fixed(source)
    assert result.new_bytes is None
    assert result.fixed == ()
    assert [one.symbol for one in result.findings] == ["torch.cuda.synchronize"]
    assert [(one.fatal, str(one)) for one in result.problems] == [
        (True, f"{PROJECT / 'example.py'}: left as it was: the rewritten file would use the undefined name "
               "`synchronize_device`; please report this"),
    ]  # fmt: skip


@pytest.mark.parametrize("unsafe", [False, True])
def test_a_file_that_every_further_run_would_change_stays(monkeypatch: pytest.MonkeyPatch, unsafe: bool) -> None:
    source = b"import torch\ntorch.cuda.synchronize()\n"
    monkeypatch.setattr("cudafix.fixes.rewriter.rewrite", lambda file, operations: file.module)
    result = fixed(source, unsafe=unsafe)
    assert (result.new_bytes, result.fixed) == (None, ())
    assert [str(one) for one in result.problems] == [
        f"{PROJECT / 'example.py'}: left as it was: a second run would change the file again; please report this"
    ]


def test_a_fix_that_only_another_makes_possible_is_done_in_the_same_run() -> None:
    result = fixed(
        b"import torch\nhas_gpu = torch.cuda.is_available()\ndef device():\n    if has_gpu:\n"
        b"        return 'cuda'\n    if is_xpu_available():\n        return 'xpu'\n    return 'cpu'\n",
        unsafe=True,
    )
    assert result.problems == ()
    assert result.new_bytes == (
        b"from cudafix.runtime import current_device_type, is_accelerator_available\n"
        b"has_gpu = is_accelerator_available()\ndef device():\n    return current_device_type()\n"
    )
    assert [(one.code, one.start.row) for one in result.fixed] == [("CFX302", 4), ("CFX107", 3)]
    assert result.findings == ()


def test_a_fix_that_is_left_over_does_not_undo_the_others() -> None:
    check_fixes(
        "import torch\ntorch.cuda.synchronize()\nx = torch.cuda.is_available()\n",
        "import torch\nfrom cudafix.runtime import synchronize_device\nsynchronize_device()\n"
        "x = torch.cuda.is_available()\n",
    )
