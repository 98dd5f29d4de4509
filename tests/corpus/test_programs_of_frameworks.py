"""What frameworks show of a program, its flags and the schema of its API, is the same after all fixes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from environments import Environment, environment
from tools import cudafix

pytestmark = pytest.mark.corpus

pytest.importorskip("torch")

FLAGS = """
def flags(command):
    kinds = [getattr(getattr(one, "type", None), "name", "") for one in command.params]
    return sorted(
        [one.param_type_name, one.name, one.opts, one.secondary_opts, one.required, kind]
        for one, kind in zip(command.params, kinds)
    )
"""
TYPER = """
from typing import Annotated, Optional

import torch
import typer

app = typer.Typer()


@app.command()
def run(
    device: str = typer.Option("cuda", "--device", "-d", help="x"),
    out_device: str = typer.Option(default="cuda"),
    where: str = typer.Option("cuda", "--target-device"),
    pos_device: Annotated[str, typer.Argument()] = "cuda",
    opt_device: Annotated[Optional[str], typer.Option("--opt")] = "cuda",
    plain_device: str = "cuda:0",
):
    print(*map(torch.device, (device, out_device, where, pos_device, opt_device, plain_device)))
"""
CLICK = """
import click
import torch


@click.command()
@click.option("--device", "-d", default="cuda", help="where")
@click.option("--out-device", "out", default="cuda:0")
@click.argument("in_device", default="cuda")
def run(device, out, in_device):
    print(*map(torch.device, (device, out, in_device)))
"""
FASTAPI = """
from typing import Annotated

import torch
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, Field

app = FastAPI()


class Body(BaseModel):
    device: str = "cuda"
    out_device: str = Field("cuda", description="x")


def where(device: str = "cuda"):
    return torch.device(device)


@app.get("/a")
def a(device: str = "cuda", w=Depends(where)):
    return str(torch.device(device))


@app.post("/b")
def b(body: Body, device: str = Query("cuda"), dev: Annotated[str, Query(alias="d")] = "cuda"):
    return str(torch.device(device))


def helper(x, device="cuda"):
    return x.to(device)
"""
TYRO = """
import dataclasses
from typing import Annotated

import torch
import tyro


@dataclasses.dataclass
class Args:
    device: str = "cuda"
    dev: Annotated[str, tyro.conf.arg(name="target")] = "cuda:0"


def main(args: Args, device: str = "cuda"):
    print(torch.device(args.device), torch.device(args.dev))


def run():
    return tyro.cli(main)
"""
SIMPLE_PARSING = """
from dataclasses import dataclass

import torch
from simple_parsing import ArgumentParser, choice, field


@dataclass
class Args:
    device: str = "cuda"
    dev: str = field(default="cuda", alias="-d")
    one_device: str = choice("cuda", "cpu", default="cuda")
    out_device: str = field("cuda:0")


def parser():
    made = ArgumentParser()
    made.add_arguments(Args, dest="args")
    return made
"""
CLASSES = """
from dataclasses import dataclass
from dataclasses import field as dataclass_field

import attr
import attrs
import torch
from pydantic import BaseModel, Field


@attr.s
class A:
    device = attr.ib(default="cuda")
    dev = attr.ib("cuda", type=str)
    out_device = attr.ib(default=torch.device("cuda"))


@attr.s(auto_attribs=True)
class B:
    device: str = "cuda"


@attrs.define
class C:
    device: str = "cuda"
    dev: torch.device = attrs.field(default=torch.device("cuda:0"), kw_only=True)


@attr.dataclass
class D:
    device: str = "cuda"


@dataclass
class E:
    device: str = "cuda"
    dev: str = dataclass_field(default="cuda", repr=False)


class F(BaseModel):
    device: str = "cuda"
    dev: str = Field("cuda", description="x")


made = [A(), B(), C(), D(), E(), F()]
"""
TYRO_FLAGS = r"""
import re, tyro
shown = re.findall(r"--[a-z.-]+ [^ ]+", tyro.extras.get_parser(own.main).format_help())
"""
PARSER_FLAGS = """
made = own.parser()
made._preprocessing([])
shown = sorted([one.option_strings, str(one.choices)] for one in made._actions)
"""
PROGRAMS = {
    "typer": (TYPER, f"{FLAGS}import typer\nshown = flags(typer.main.get_command(own.app))"),
    "click": (CLICK, f"{FLAGS}shown = flags(own.run)"),
    "fastapi": (FASTAPI, "shown = own.app.openapi()"),
    "tyro": (TYRO, TYRO_FLAGS),
    "simple-parsing": (SIMPLE_PARSING, PARSER_FLAGS),
}
RUNS = {
    "typer": "from typer.testing import CliRunner\nprint(CliRunner().invoke(own.app, []).output)",
    "click": "own.run([], standalone_mode=False)",
    "tyro": "import sys\nsys.argv = ['x']\nown.run()",
    "simple-parsing": "print(own.parser().parse_args([]).args)",
}


@pytest.fixture(scope="module")
def frameworks() -> Environment:
    return environment(
        "typer==0.29.2", "click==8.5.1", "fastapi==0.165.0", "tyro==1.0.17", "simple-parsing==0.1.9", "attrs==26.1.0",
        "pydantic==2.14.4",
    )  # fmt: skip


def written(folder: Path, source: str) -> Path:
    file = folder / "own.py"
    file.write_text(source.lstrip(), encoding="utf-8")
    return file


def fix(file: Path) -> None:
    cudafix("fix", "--isolated", "--unsafe-fixes", "--extend-select", "CFX2", str(file))


def shown(frameworks: Environment, folder: Path, ask: str) -> object:
    return json.loads(frameworks.passed("-c", f"import json, own\n{ask}\nprint(json.dumps(shown))", cwd=folder))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_framework_shows_of_a_program_stays(frameworks: Environment, tmp_path: Path, name: str) -> None:
    source, ask = PROGRAMS[name]
    file = written(tmp_path, source)
    before = shown(frameworks, tmp_path, ask)
    fix(file)
    assert file.read_text(encoding="utf-8") != source.lstrip()
    assert before
    assert shown(frameworks, tmp_path, ask) == before


@pytest.mark.parametrize("name", RUNS)
def test_a_fixed_program_runs_on_what_is_there(frameworks: Environment, tmp_path: Path, name: str) -> None:
    file = written(tmp_path, PROGRAMS[name][0])
    fix(file)
    assert "cpu" in frameworks.passed("-c", f"import own\n{RUNS[name]}", cwd=tmp_path)


def test_a_field_of_each_kind_is_worked_out_for_each_object(frameworks: Environment, tmp_path: Path) -> None:
    file = written(tmp_path, CLASSES)
    assert "cuda" in frameworks.passed("-c", "import own\nprint(own.made)", cwd=tmp_path)
    fix(file)
    assert "cuda" not in frameworks.passed("-c", "import own\nprint(own.made)", cwd=tmp_path)
