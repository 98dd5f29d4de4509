"""`gate = "migrated"`: what is new fails as soon as the baseline knows nothing of its rule any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import invoke

from cudafix.config.settings import ConfigError, read_settings

EMPTY = "torch.cuda.empty_cache()\n"
WAIT = "torch.cuda.synchronize()\n"


def write(*lines: str) -> None:
    Path("a.py").write_text("import torch\n" + "".join(lines), encoding="utf-8")


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline that knows a finding of CFX101, and none of CFX104."""
    monkeypatch.chdir(tmp_path)
    write(EMPTY)
    invoke("baseline", "create", "a.py")


def check(*flags: str) -> tuple[int, str]:
    done = invoke("check", "--baseline", "--gate", "migrated", *flags, "a.py")
    return done.exit_code, "".join(line.split(" ")[1] for line in done.stdout.splitlines(keepends=True))


def test_what_is_new_of_a_rule_that_is_still_known_passes_and_is_told() -> None:
    write(EMPTY, EMPTY)
    assert check() == (0, "")
    said = invoke("check", "--baseline", "--gate", "migrated", "a.py").stderr
    assert said == ""
    write(EMPTY, EMPTY, WAIT)
    said = invoke("check", "--baseline", "--gate", "migrated", "a.py").stderr
    assert "1 new finding of rules that the baseline still knows: see `gate`.\n" in said


def test_what_is_new_of_any_other_rule_fails() -> None:
    write(EMPTY, WAIT)
    assert check() == (1, "CFX104")


def test_a_rule_whose_last_finding_is_pruned_is_banned() -> None:
    write("print(1)\n")
    assert check() == (1, "CFX003")
    invoke("baseline", "prune", "a.py")
    assert check() == (0, "")
    write(EMPTY)
    assert check() == (1, "CFX101")


def test_without_it_all_that_is_new_fails() -> None:
    write(EMPTY, EMPTY)
    assert invoke("check", "--baseline", "a.py").exit_code == 1


def test_it_can_be_configured() -> None:
    Path("cudafix.toml").write_text('baseline = "cudafix-baseline.json"\ngate = "migrated"\n', encoding="utf-8")
    write(EMPTY, EMPTY)
    assert invoke("check", "--config", "cudafix.toml", "a.py").exit_code == 0


def test_another_gate_is_an_error() -> None:
    with pytest.raises(ConfigError, match="setting `gate`: expected one of new, migrated, got 'old'"):
        read_settings({"gate": "old"}, "test")
