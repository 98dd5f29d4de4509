"""CFX201 and CFX202 say the device of the tensor, or of the model, that meets what is made: `x.device`."""

from __future__ import annotations

from functools import partial

import pytest
from checks import check_unsafe as check

check_unsafe = partial(check, select=["CFX201", "CFX202"], ignore=[])

ONES = "torch.ones(3, device={})"
ON_CUDA, ON_X, NEUTRAL = ONES.format("'cuda'"), ONES.format("x.device"), ONES.format("current_device_type()")


def check_says(source: str, name: str = "x") -> None:
    """`'cuda'` in `source` becomes the device of `name`, and nothing is imported."""
    new = source.replace("'cuda'", f"{name}.device")
    check_unsafe(f"import torch\n{source}", f"import torch\n{new}", f"`{name}` may be on another device")


def check_is_neutral(source: str) -> None:
    new = "from cudafix.runtime import current_device_type\n" + source.replace("'cuda'", "current_device_type()")
    check_unsafe(f"import torch\n{source}", f"import torch\n{new}", "the accelerator that is active")


# What is not known to be on a device, or does not meet the tensor in all cases


@pytest.mark.parametrize(
    "source",
    [
        f"def f(x):\n    return x * {ON_CUDA}\n",
        f"def f(x: float):\n    return x * {ON_CUDA}\n",
        f"def f(x: torch.Tensor | None):\n    return {ON_CUDA}\n",
        f"def f(x):\n    n = x.shape[0], x.dtype\n    return x * {ON_CUDA}\n",
        f"def f(x):\n    g(x.device)\n    return {ON_CUDA}\n",
        f"def f(x):\n    g(x.device)\n    return x, {ON_CUDA}\n",
        f"def f(x):\n    g(x.device)\n    return h(x, {ON_CUDA})\n",
        f"def f(x):\n    g(x.device)\n    return x * {ON_CUDA}.cpu()\n",
        f"def f(x):\n    g(x.device)\n    return x.cpu() * {ON_CUDA}\n",
        f"def f(x):\n    g(x.device)\n    return x.copy_({ON_CUDA})\n",
        f"def f(x):\n    g(x.device)\n    return x is {ON_CUDA}\n",
        f"def f(x, y):\n    g(y.device)\n    return x * {ON_CUDA}\n",
        f"def g(x):\n    x.device\ndef f(x):\n    return x * {ON_CUDA}\n",
        f"def f(x):\n    x.device\n    x = 2\n    return x * {ON_CUDA}\n",
        f"def f(x):\n    x.device = None\n    return x * {ON_CUDA}\n",
    ],
)
def test_what_is_no_tensor_for_certain_or_meets_nothing_is_not_said(source: str) -> None:
    check_is_neutral(source)


@pytest.mark.parametrize(
    "rest",
    [
        "return y",
        "if x is not None:\n        y = x * y\n    return y",
        "y = 1\n    return x * y",
        "x = g(x)\n    return x * y",
        "return lambda: x * y",
        "for x in y:\n        x * y",
    ],
)
def test_a_name_that_may_not_meet_it_is_not_said(rest: str) -> None:
    check_is_neutral(f"def f(x: torch.Tensor):\n    y = {ON_CUDA}\n    {rest}\n")


@pytest.mark.parametrize(
    "source",
    [
        "from transformers import AutoTokenizer\ntok = AutoTokenizer.from_pretrained('a')\nx = y.to('cuda')\ntok(x)\n",
        "from mine import Model\nmodel = Model.from_pretrained('a')\nx = y.to('cuda')\nmodel(x)\n",
        "from transformers import AutoModel\nmodel = AutoModel.from_pretrained('a')\nx = y.to('cuda')\nmodel.save(x)\n",
    ],
)
def test_what_is_no_model_for_certain_is_not_said(source: str) -> None:
    check_is_neutral(source)


def test_a_name_for_the_device_of_the_program_goes_before() -> None:
    choice = "'cuda' if torch.cuda.is_available() else 'cpu'"
    source = f"import torch\ndevice = {choice}\ndef f(x: torch.Tensor):\n    return x * {{}}\n"
    check_unsafe(source.format(ON_CUDA), source.format(ONES.format("device")), "the device of the program")


# What meets a tensor


@pytest.mark.parametrize(
    "meeting",
    [
        f"x * {ON_CUDA}",
        f"{ON_CUDA} - x",
        f"x @ -{ON_CUDA}[None].float()",
        f"x < {ON_CUDA}",
        f"{ON_CUDA} == x",
        f"x[{ON_CUDA}]",
        f"torch.cat([x, {ON_CUDA}])",
        f"torch.where(x, {ON_CUDA}, 0)",
        f"x.masked_fill({ON_CUDA}, 0)",
        "x + y.to('cuda')",
        "x + y.to('cuda', non_blocking=True)",
    ],
)
def test_what_meets_a_tensor_in_one_expression_is_on_its_device(meeting: str) -> None:
    check_says(f"def f(x: torch.Tensor, y):\n    return {meeting}\n")


def test_a_method_call_that_meets_a_tensor_is_on_its_device() -> None:
    source = "import torch\ndef f(x: torch.Tensor, y):\n    return x + y.{}\n"
    check_unsafe(source.format("cuda()"), source.format("to(x.device)"), "`x` may be on another device")


def test_an_index_is_kept() -> None:
    source = "import torch\ndef f(x: torch.Tensor, y):\n    return x + y.to({})\n"
    check_unsafe(source.format("'cuda:1'"), source.format("f'{x.device.type}:1'"), "`x` may be on another device")


def test_what_meets_a_tensor_through_a_name_is_on_its_device() -> None:
    check_says(f"def f(x: torch.Tensor):\n    mask = {ON_CUDA}\n    return x * mask.float()\n")


@pytest.mark.parametrize("told", ["g(x.device)", "n = x.size(0)", "z = x.new_zeros(3)"])
def test_a_name_that_is_used_as_a_tensor_is_one(told: str) -> None:
    check_says(f"def f(x):\n    {told}\n    return x * {ON_CUDA}\n")


def test_an_attribute_of_the_object_is_one_where_its_device_is_asked() -> None:
    check_says(f"class A:\n    def f(self):\n        g(self.w.device)\n        return self.w * {ON_CUDA}\n", "self.w")


# What meets a model


@pytest.mark.parametrize(
    "use",
    [
        "inputs = tok(t).to('cuda')\nmodel.generate(**inputs)\n",
        "inputs = tok(t).to('cuda')\nmodel(inputs['input_ids'])\n",
        "inputs = tok(t).to('cuda')\nmodel(inputs.input_ids)\n",
        "inputs = {k: v.to('cuda') for k, v in tok(t).items()}\nout = model(**inputs)\n",
        "model(y.to('cuda'))\n",
    ],
)
@pytest.mark.parametrize("after", ["", ".eval()", "\nmodel = model.half()"])
def test_what_a_pretrained_model_takes_is_on_its_device(use: str, after: str) -> None:
    check_says(f"from transformers import AutoModel\nmodel = AutoModel.from_pretrained('a'){after}\n{use}", "model")


def test_what_a_model_takes_is_on_its_device_where_that_is_asked() -> None:
    check_says("def f(model, y):\n    g(model.device)\n    return model(y.to('cuda'))\n", "model")
