"""CFX204: a device is compared with the name of CUDA's."""

from __future__ import annotations

import pytest
from checks import check_finds, check_noop, check_stays, check_unsafe, findings_in

COMPARISONS = {"select": ["CFX204"], "ignore": []}


@pytest.mark.parametrize(
    "source", ["backend == 'cuda'", "device == 'cpu'", "'cuda' in text", "name.startswith('cuda')", "x == 'cudagraph'"]
)
def test_leaves_a_comparison_of_something_else_alone(source: str) -> None:
    check_noop(f"ok = {source}\n", **COMPARISONS)


@pytest.mark.parametrize(
    "source",
    [
        "x.device.type == 'cuda'",
        "device != 'cuda:0'",
        "'cuda' == self.device",
        "'cuda' in str(device)",
        "device.type in ('cuda', 'xpu')",
        "device.startswith('cuda')",
        "str(x.device).startswith('cuda')",
        "'cuda' in str(next(model.parameters()).device)",
        "next(model.parameters()).device == 'cuda'",
        "get(device_type) == 1 or device_type == 'cuda'",
    ],
)
def test_finds_the_comparison_of_a_device(source: str) -> None:
    check_finds(f"ok = {source}\n", "1 CFX204 ", **COMPARISONS)


def test_has_no_fix() -> None:
    check_stays("ok = device.type == 'cuda'\n", "which is meant", **COMPARISONS)


@pytest.mark.parametrize(
    "compared",
    [
        "device == torch.device('cuda')",
        "x.device != torch.device('cuda:0')",
        "x.device == torch.device('cuda', 0)",
        "place.type == torch.device('cuda').type",
        "place in (torch.device('cuda'), torch.device('cpu'))",
    ],
)
def test_a_comparison_with_a_device_that_is_made_there_is_one_finding_without_a_fix(compared: str) -> None:
    check_finds(f"import torch\nok = {compared}\n", "2 CFX204 ", select=["CFX2"], ignore=[])
    check_stays(f"import torch\nok = {compared}\n", "which is meant", select=["CFX2"], ignore=[])


@pytest.mark.parametrize(
    ("source", "offer"),
    [
        ("x.device.type == 'cuda'", '`x.device.type != "cpu"` asks for any accelerator, `== current_device_type()`'),
        ("x.device.type != 'cuda'", '`x.device.type == "cpu"` asks for any accelerator, `!= current_device_type()`'),
        ("'cuda' in str(device)", '`torch.device(device).type != "cpu"` asks for any accelerator'),
    ],
)
def test_the_neutral_questions_are_offered_in_words(source: str, offer: str) -> None:
    (finding,) = findings_in(f"ok = {source}\n", **COMPARISONS)
    assert finding.help.startswith(offer)


# A choice between the names of devices


@pytest.mark.parametrize(
    "source",
    [
        "'cuda' if device == 'cuda' else 'xpu'",
        "'gpu' if device == 'cuda' else 'cpu'",
        "'cuda' if device == 'cuda' and fast else 'cpu'",
        "'cpu' if device == 'cuda' else 'cuda'",
    ],
)
def test_another_choice_is_only_a_comparison(source: str) -> None:
    check_stays(f"import torch\nkind = {source}\n", "which is meant", **COMPARISONS)


@pytest.mark.parametrize(
    "choice",
    [
        "'cuda' if 'cuda' in device else 'cpu'",
        "'cuda' if device.startswith('cuda') else 'cpu'",
        "'cuda' if 'cuda' in str(device) else 'cpu'",
        "'cuda' if device != 'cpu' else 'cpu'",
        "'cpu' if 'cuda' not in device else 'cuda'",
        "'cpu' if device == 'cpu' else 'cuda'",
        "'cpu' if not device.startswith('cuda') else 'cuda'",
    ],
)
def test_a_choice_by_a_device_between_the_names_of_cuda_and_the_cpu_is_its_type(choice: str) -> None:
    check_unsafe(
        f"import torch\nkind = {choice}  # for autocast\n",
        "import torch\nkind = torch.device(device).type  # for autocast\n",
        "also gives the type of other devices",
        **COMPARISONS,
    )


def test_a_device_that_is_asked_for_its_type_gives_it() -> None:
    check_unsafe(
        "import torch\nkind = 'cuda' if x.device.type == 'cuda' else 'cpu'\n",
        "import torch\nkind = x.device.type\n",
        "also gives the type of other devices",
        **COMPARISONS,
    )


def test_a_choice_is_one_finding_and_not_two() -> None:
    source = "import torch\ndevice_type = 'cuda' if 'cuda' in device else 'cpu'\n"
    check_finds(source, "2 CFX204 ", select=["CFX2"], ignore=[])


def test_a_choice_without_torch_at_hand_stays() -> None:
    check_stays("import torch.nn as nn\nkind = 'cuda' if 'cuda' in device else 'cpu'\n", "not at hand", **COMPARISONS)


@pytest.mark.parametrize(
    "question",
    [
        "get_device() == 'cuda'",
        "'cuda' in get_device()",
        "device().type == 'cuda'",
        "next(model.parameters()).device.type == 'cuda'",
    ],
)
def test_what_a_function_answers_may_be_a_device(question: str) -> None:
    check_finds(f"import torch\nif {question}: pass\n", "2 CFX204 ", **COMPARISONS)


@pytest.mark.parametrize("question", ["get_name() == 'cuda'", "kernels().type == 'cuda'"])
def test_leaves_what_another_function_answers_alone(question: str) -> None:
    check_noop(f"import torch\nif {question}: pass\n", **COMPARISONS)
