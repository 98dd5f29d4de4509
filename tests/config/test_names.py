"""Settings that fixes write into code: what is no name to Python is an error that names the key."""

from __future__ import annotations

import pytest

from cudafix.config.names import fault_of_expression, fault_of_module, fault_of_name
from cudafix.config.settings import ConfigError, read_settings


@pytest.mark.parametrize("name", ["flush", "_", "match", "type", "é", "__init__"])
def test_a_name_of_python_is_one(name: str) -> None:
    assert fault_of_name(name) == ""


@pytest.mark.parametrize("name", ["pkg", "pkg.device", "pkg.__future__", "é.ü"])
def test_a_module_of_python_is_one(name: str) -> None:
    assert fault_of_module(name) == ""


def test_the_targets_of_the_documentation_are_expressions() -> None:
    assert fault_of_expression("get().flush(torch_device, 1, 'cuda:0', x=-2)") == ""


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("class", "`class` is a keyword of Python"),
        ("None", "`None` is a keyword of Python"),
        ("await", "`await` is a keyword of Python"),
        ("__debug__", "`__debug__` is Python's own: nothing else can have this name"),
        ("a²", "'a²' is no name of Python"),
        ("a b", "'a b' is no name of Python"),
        ("", "'' is no name of Python"),
        ("\N{MATHEMATICAL BOLD SMALL I}f", "`\N{MATHEMATICAL BOLD SMALL I}f` is another name to Python: `if`"),
        ("x" * 501, "`xxxxxxxxxxxxxxxxxxxx…` is longer than 500 characters"),
    ],
)
def test_what_is_no_name_is_told(name: str, fault: str) -> None:
    assert fault_of_name(name) == fault


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("runtime-module", "pkg.class", "expected a dotted module name, and `class` is a keyword of Python"),
        ("runtime-module", "__future__", "expected a dotted module name, and `__future__` is for Python's compiler"),
        ("runtime-module", "pkg;x", "expected a dotted module name, got 'pkg;x'"),
        ("runtime-module", "pkg\nx", "expected a dotted module name, got 'pkg\\nx'"),
        ("device-constant", "None", "expected a name, and `None` is a keyword of Python"),
        ("device-constant", "A()", "expected a name, got 'A()'"),
        ("helper-name", "def", "expected a name, and `def` is a keyword of Python"),
        ("helper-name", "flush.all", "expected a name, got 'flush.all'"),
        ("cache-dir", "a\0b", "expected a string, got 'a\\x00b'"),
    ],
)
def test_a_setting_that_cannot_be_written_into_code_is_an_error(key: str, value: str, fault: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_settings({key: value}, "cudafix.toml")
    assert str(error.value).startswith(f"cudafix.toml: setting `{key}`: {fault}")
