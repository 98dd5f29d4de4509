"""How an out-of-tree backend says what differs: the example of docs/backends.md, run, and what can go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest
from machine import HERE, Machine, Outcome

from cudafix import runtime

pytest.importorskip("torch")

GUIDE = (HERE.parents[1] / "docs" / "backends.md").read_text(encoding="utf-8")

Ask = Callable[..., Outcome]


def code_block(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[number]


@pytest.fixture(scope="session")
def ask(tmp_path_factory: pytest.TempPathFactory, start: Callable[..., Machine]) -> Ask:
    """Evaluate an expression where `acme_torch` is installed, with the entry point of the guide or another."""

    @lru_cache
    def installed(entry_point: str) -> Path:
        folder = tmp_path_factory.mktemp("acme")
        metadata = folder / "acme_torch-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-torch\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[cudafix.backends]\nacme = {entry_point}\n" if entry_point else "")
        (folder / "acme_torch").mkdir()
        (folder / "acme_torch" / "neutral.py").write_text(code_block("python"))
        (folder / "device.py").write_text(Path(runtime.__file__).read_text(encoding="utf-8"), encoding="utf-8")
        return folder

    def evaluate(expression: str, before: str = "", entry_point: str = "acme_torch.neutral:BACKEND") -> Outcome:
        return start("announced", str(installed(entry_point)), before)(expression)

    return evaluate


# The guide


def test_the_entry_point_of_the_guide_leads_to_the_mapping_of_the_guide() -> None:
    assert 'acme = "acme_torch.neutral:BACKEND"' in code_block("toml")
    assert "cudafix.backends" in code_block("toml")


def test_an_announced_function_is_called(ask: Ask) -> None:
    assert ask("device_memory_info()").answer == [70, 100]


def test_an_announced_path_is_called(ask: Ask) -> None:
    assert ask("empty_device_cache()").calls == ["trim()"]


def test_an_announced_lack_is_one(ask: Ask) -> None:
    assert ask("synchronize_device()").calls == []


def test_the_announced_distributed_backend_is_named(ask: Ask) -> None:
    assert ask("distributed_backend(), distributed_backend('acme:1')").answer == ["accl", "accl"]


def test_the_memory_probe_uses_what_was_announced(ask: Ask) -> None:
    outcome = ask("available_device_memory(1)")
    assert (outcome.answer, outcome.calls) == ([40, 100], ["trim()"])


def test_the_call_of_the_guide_has_the_last_word_name_by_name(ask: Ask) -> None:
    before = f"cudafix.runtime.synchronize_device()\n{code_block('python', 1)}"
    assert ask("synchronize_device(), empty_device_cache()", before).calls == ["wait()", "trim()"]
    assert ask("distributed_backend()", before).answer == "gloo"


def test_a_call_before_the_backend_was_asked_has_the_last_word_too(ask: Ask) -> None:
    assert ask("synchronize_device(), empty_device_cache()", code_block("python", 1)).calls == ["wait()", "trim()"]


def test_a_vendored_copy_reads_the_entry_point_too(ask: Ask) -> None:
    assert ask("device.empty_device_cache()", "import device").calls == ["trim()"]


# Nothing is announced, or wrongly


def test_without_an_entry_point_the_module_alone_is_asked(ask: Ask) -> None:
    outcome = ask("empty_device_cache(), synchronize_device()", entry_point="")
    assert (outcome.answer, outcome.calls) == ([False, None], ["synchronize()"])


@pytest.mark.parametrize(
    ("entry_point", "why"),
    [
        ("acme_torch.missing:BACKEND", "No module named 'acme_torch.missing'"),
        ("acme_torch.neutral:mem_get_info", "argument after ** must be a mapping"),
        ("acme_torch.neutral:BACKEND.nothing", "has no attribute 'nothing'"),
    ],
)
def test_an_entry_point_that_cannot_be_read_is_left_out_with_a_warning(ask: Ask, entry_point: str, why: str) -> None:
    outcome = ask("warned('synchronize_device()')", entry_point=entry_point)
    (warning,) = outcome.answer
    assert f"{entry_point}, which the entry point acme of cudafix.backends names, was left out: " in warning
    assert why in warning
    assert outcome.calls == ["synchronize()"]


def test_a_name_that_nothing_asks_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="no neutral function asks a backend for empty_cahce, sync; known: "):
        runtime.register_backend("acme", {"sync": None, "empty_cahce": None, "empty_cache": None})


@pytest.mark.parametrize("device_type", ["", "acme:0", "torch.acme"])
def test_a_device_with_an_index_is_no_device_type(device_type: str) -> None:
    with pytest.raises(ValueError, match=f"'{device_type}' is no device type, such as 'npu'"):
        runtime.register_backend(device_type)
