"""Defaults as typer, click, FastAPI, tyro, attrs, pydantic and simple-parsing take them."""

from __future__ import annotations

from functools import partial

import checks
import pytest

DEVICES = {"select": ["CFX201"], "ignore": []}

check_stays = partial(checks.check_stays, **DEVICES)
check_noop = partial(checks.check_noop, **DEVICES)

RUNTIME = "from cudafix.runtime import current_device_type\n"
ELSEWHERE = "the accelerator that is active"


def check_late(head: str, before: str, after: str) -> None:
    """What the file imports stays, but for the runtime's function behind torch."""
    checks.check_unsafe(
        f"{head}\n\nimport torch\n\n\n{before}\n",
        f"{head}\n\nimport torch\n{RUNTIME}\n\n{after}\n",
        ELSEWHERE,
        **DEVICES,
    )


# What stays


@pytest.mark.parametrize(
    "source",
    [
        "@app.get('/')\ndef f(device: str = 'cuda'):\n    return x.to(device)",
        "@router.post('/')\nasync def f(device: str = Query('cuda')):\n    return x.to(device)",
        "@app.websocket('/')\nasync def f(device: Annotated[str, Query()] = 'cuda'):\n    return x.to(device)",
        "def f(device: str = 'cuda'):\n    return x.to(device)\n@app.get('/')\ndef g(x=Depends(f)): ...",
        "class A:\n    def __init__(self, device: str = 'cuda'):\n        self.device = device\n"
        "@app.get('/')\ndef g(x: A = Depends(A)): ...",
        "class A(BaseModel):\n    device: str = 'cuda'",
        "class A(BaseModel):\n    device: str = Field('cuda', description='x')",
        "class A(BaseModel):\n    device: str = 'cuda'\nif __name__ == '__main__':\n    run('cuda')",
    ],
)
def test_what_the_schema_of_an_api_says_stays(source: str) -> None:
    head = "import torch\nfrom fastapi import Depends, FastAPI, Query\nfrom pydantic import BaseModel, Field\n"
    check_stays(head + source + "\n", "the schema of the API says what it is by default")


@pytest.mark.parametrize(
    "source",
    [
        "@click.command()\n@click.option('--device', type=click.Choice(MODES), default='cuda')\ndef f(device): ...",
        "def f(device: str = typer.Option('cuda', click_type=click.Choice(MODES))):\n    return x.to(device)",
        "@dataclass\nclass A:\n    device: str = choice('cuda', 'cpu', default='cuda')",
    ],
)
def test_a_default_beside_what_may_be_chosen_stays(source: str) -> None:
    found = [one for one in checks.findings_in(f"import torch\n{source}\n", **DEVICES) if one.fix is None]
    assert {one.reason for one in found} == {"it is one of those that may be chosen"}
    assert checks.fixed(f"import torch\n{source}\n".encode(), unsafe=True, **DEVICES).new_bytes is None


@pytest.mark.parametrize(
    "call", ["tyro.cli(main)", "tyro.cli([f, main])", "tyro.extras.subcommand_cli_from_dict({'x': main})"]
)
def test_a_parameter_that_tyro_makes_an_option_of_stays(call: str) -> None:
    source = f"import torch\nimport tyro\ndef main(device: str = 'cuda'):\n    return x.to(device)\n{call}\n"
    check_stays(source, "tyro would offer None on the command line")


@pytest.mark.parametrize(
    "source",
    ["x = attr.ib('cuda')", "class A:\n    mode = attr.ib(default='cuda')", "def f(x=typer.Option('cuda')): ..."],
)
def test_what_no_name_says_a_device_of_is_none(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


# typer


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("typer.Option('cuda')", "typer.Option(None)"),
        ("typer.Option('cuda', '--device', '-d', help='x')", "typer.Option(None, '--device', '-d', help='x')"),
        ("typer.Option(default='cuda')", "typer.Option(default=None)"),
        ("typer.Argument('cuda')", "typer.Argument(None)"),
    ],
)
def test_an_option_of_typer_is_none_by_default_and_keeps_its_flags(before: str, after: str) -> None:
    check_late(
        "import typer",
        f"def f(x, device: str = {before}):\n    return x.to(device)",
        f"def f(x, device: str | None = {after}):\n    if device is None:\n        device = current_device_type()\n"
        "    return x.to(device)",
    )


def test_the_flag_of_an_option_says_that_it_is_a_device() -> None:
    check_late(
        "import typer",
        "def f(x, where: str = typer.Option('cuda', '--device')):\n    return g(where)",
        "def f(x, where: str | None = typer.Option(None, '--device')):\n    if where is None:\n"
        "        where = current_device_type()\n    return g(where)",
    )


def test_an_annotated_option_stays_as_it_is() -> None:
    check_late(
        "from typing import Annotated\nimport typer",
        "def f(x, device: Annotated[str, typer.Option('--dev', '-d')] = 'cuda'):\n    return x.to(device)",
        "def f(x, device: Annotated[str | None, typer.Option('--dev', '-d')] = None):\n    if device is None:\n"
        "        device = current_device_type()\n    return x.to(device)",
    )


# click


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("option('--device', default='cuda', help='x')", "option('--device', default=current_device_type, help='x')"),
        ("option('--device', default='cuda:1')", "option('--device', default=lambda: f'{current_device_type()}:1')"),
        ("argument('device', default='cuda')", "argument('device', default=current_device_type)"),
    ],
)
def test_an_option_of_click_asks_for_its_default_when_the_command_runs(before: str, after: str) -> None:
    command = "@click.command()\n@click.{}\ndef f(device): ..."
    check_late("import click", command.format(before), command.format(after))


# attrs


@pytest.mark.parametrize(
    ("head", "decorator", "before", "after"),
    [
        ("import attr", "attr.s", "device = attr.ib(default='cuda')", "device = attr.ib(factory=current_device_type)"),
        (
            "import attr",
            "attr.s",
            "device = attr.ib('cuda', type=str)",
            "device = attr.ib(factory=current_device_type, type=str)",
        ),
        (
            "from attr import attrib, attrs",
            "attrs",
            "dev = attrib(default=torch.device('cuda'))",
            "dev = attrib(factory=lambda: torch.device(current_device_type()))",
        ),
        (
            "import attr",
            "attr.s(auto_attribs=True)",
            "device: str = 'cuda'",
            "device: str = attr.ib(factory=current_device_type)",
        ),
        ("import attr", "attr.dataclass", "device: str = 'cuda'", "device: str = attr.ib(factory=current_device_type)"),
        ("import attr", "attr.define", "device: str = 'cuda'", "device: str = attr.field(factory=current_device_type)"),
        (
            "import attrs",
            "attrs.frozen",
            "device: str = 'cuda'",
            "device: str = attrs.field(factory=current_device_type)",
        ),
        (
            "from attrs import define, field",
            "define(slots=False)",
            "device: str = 'cuda'\n    out_device: str = field(default='cuda', kw_only=True)",
            "device: str = field(factory=current_device_type)\n"
            "    out_device: str = field(factory=current_device_type, kw_only=True)",
        ),
    ],
)
def test_a_field_of_attrs_gets_a_factory(head: str, decorator: str, before: str, after: str) -> None:
    check_late(head, f"@{decorator}\nclass A:\n    {before}", f"@{decorator}\nclass A:\n    {after}")


def test_a_class_whose_annotations_are_no_fields_has_none() -> None:
    check_stays(
        "import attr\nimport torch\n@attr.s\nclass A:\n    device: str = 'cuda'\n", "when the module is imported"
    )


# pydantic, simple-parsing


def test_a_field_that_is_described_in_its_annotation_gets_a_factory_there() -> None:
    check_late(
        "from typing import Annotated\nfrom pydantic import BaseModel, Field",
        "class A(BaseModel):\n    device: Annotated[str, Field(default='cuda')]",
        "class A(BaseModel):\n    device: Annotated[str, Field(default_factory=current_device_type)]",
    )


def test_a_class_of_simple_parsing_uses_the_field_of_simple_parsing() -> None:
    check_late(
        "from dataclasses import dataclass\nfrom simple_parsing import field",
        "@dataclass\nclass A:\n    device: str = 'cuda'\n    out_device: str = field('cuda', alias='-d')",
        "@dataclass\nclass A:\n    device: str = field(default_factory=current_device_type)\n"
        "    out_device: str = field(default_factory=current_device_type, alias='-d')",
    )


# What is called with a default, and what is worked out late already


@pytest.mark.parametrize("keyword", ["callback=check", "parser=parse", "click_type=Kind()"])
def test_a_default_that_a_function_is_called_with_stays(keyword: str) -> None:
    source = (
        f"import torch\nfrom typer import Option\ndef f(device: str = Option('cuda', {keyword})):\n    x.to(device)\n"
    )
    check_stays(source, "what is called with the default would get None")


def test_a_default_among_choices_stays() -> None:
    source = "import torch\nparser.add_argument('--device', default='cuda', choices=['cuda', 'cpu'])\n"
    check_stays(source, "it is one of those that may be chosen")


@pytest.mark.parametrize("value", ["attr.Factory(lambda: {})", "attr.ib(factory=lambda: {})"])
def test_a_device_in_a_factory_is_worked_out_late_already(value: str) -> None:
    field = f"@attr.s(auto_attribs=True)\nclass A:\n    d: object = {value}"
    old, new = (field.format(f"torch.device({one})") for one in ("'cuda'", "current_device_type()"))
    check_late("import attr", old, new)
