"""CFX201: the name of a CUDA device, written out where a device is expected."""

from __future__ import annotations

from functools import partial

import checks
import pytest
from checks import findings_in

from cudafix.catalogue.table import ROWS

LITERALS = {"select": ["CFX201"], "ignore": []}

check_noop = partial(checks.check_noop, **LITERALS)
check_stays = partial(checks.check_stays, **LITERALS)
check_unsafe = partial(checks.check_unsafe, **LITERALS)
IMPORT = "import torch\nfrom cudafix.runtime import current_device_type\n"
ELSEWHERE = "the accelerator that is active"


def found_in(source: str) -> int:
    return len(findings_in(f"import torch\n{source}\n", **LITERALS))


# What is no device


@pytest.mark.parametrize(
    "source",
    [
        "print('cuda')",
        "log.info('cuda', x)",
        "path = 'cuda'",
        "x = {'cuda': 1}",
        "x = 'cuda' in text",
        "open('cuda:0')",
        "f(backend='cuda')",
        "x = build['cuda']",
        "getattr(torch, 'cuda')",
        "x = torch.ones(1, dtype='cuda')",
        "@torch.library.custom_op('a::b', mutates_args=(), device_types='cuda')\ndef f(): ...",
        "def f():\n    return 'cuda'",
        "def name():\n    return 'cuda'",
        "for word in ['cuda', 'hip']:\n    f(word)",
        "text = 'use ' 'cuda'",
        "x.to(f'{x}cuda:0')",
        "device = 'cudagraph'",
        "device: 'cuda'",
        "if is_on('cuda', x.device): pass\ndef is_on(device, other): return device == other",
        "ok = _is_available(device='cuda')",
        "x = set_device_flag(model, 'cuda')",
        "names = {'kinds': {'gpu': 'cuda'}}",
    ],
)
def test_leaves_a_name_of_cuda_that_is_no_device_alone(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


@pytest.mark.parametrize(
    "source",
    [
        "if device == 'cuda':\n    x.to('cuda')",
        "if is_cuda():\n    device = 'cuda'",
        "d = 'cuda' if torch.cuda.is_available() else 'cpu'",
        "if torch.cuda.is_available():\n    device = 'cuda'\nelif torch.xpu.is_available():\n    device = 'xpu'",
        "class CudaPlatform:\n    device_type = 'cuda'",
    ],
)
def test_leaves_a_branch_for_cuda_and_the_choice_of_a_device_to_other_rules(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


@pytest.mark.parametrize(
    "call",
    [
        "torch.cuda.set_rng_state('cuda:0')",
        "torch.cuda.set_per_process_memory_fraction('cuda:0')",
        "torch.cuda.manual_seed('cuda:0')",
        "torch.cuda.memory_summary(0, 'cuda:0')",
        "torch.cuda.empty_cache('cuda:0')",
    ],
)
def test_leaves_what_stands_where_a_function_of_cuda_takes_no_device_alone(call: str) -> None:
    check_noop(f"import torch\nx = {call}\n")


def test_is_off_until_it_is_asked_for() -> None:
    checks.check_noop("import torch\nx = torch.ones(1, device='cuda')\n", select=[])


# What is one


@pytest.mark.parametrize(
    "source",
    [
        "torch.ones(1, device='cuda')",
        "x.to('cuda')",
        "x.to(device='cuda:1')",
        "torch.device('cuda', 1)",
        "torch.device(type='cuda', index=1)",
        "load(path, device_map={'': 'cuda'})",
        "kwargs.update({'device_map': {'': f'cuda:{rank}'}})",
        "move_to_device(batch, 'cuda')",
        "x = to_device(batch, 'cuda' if ngpu > 0 else 'cpu')",
        "torch.load(path, map_location='cuda')",
        "torch.load(path, 'cuda')",
        "load(path, device_map='cuda')",
        "Model(torch_device='cuda')",
        "torch.Generator('cuda')",
        "init_device_mesh(device_type='cuda', mesh_shape=(2,))",
        "from torch.distributed.device_mesh import init_device_mesh\ninit_device_mesh('cuda', (2,))",
        "torch.set_default_device('cuda')",
        "DataLoader(d, pin_memory_device='cuda')",
        "parser.add_argument('--device', default='cuda')",
        "parser.add_argument('--device', choices=['cuda', 'cpu'])",
        "@click.option('--device', '-d', default='cuda')\ndef f(device): ...",
        "class A:\n    device: str = 'cuda'",
        "class A:\n    device: str = field(default='cuda')",
        "def f(x, device='cuda'): ...",
        "DEVICE = 'cuda'",
        "self.device = 'cuda'",
        "config['device'] = 'cuda'",
        "x = {'device': 'cuda'}",
        "kwargs.get('device', 'cuda')",
        "getattr(args, 'device', 'cuda')",
        "place = 'cuda'\nx.to(place)",
        "a, device = 1, 'cuda'",
        "for device in ['cpu', 'cuda']:\n    f(device)",
        "x.to('cuda' if big else 'cpu')",
        "x.to(where or 'cuda')",
        "def get_device():\n    return 'cuda'",
        "def f(x, device): ...\nf(1, 'cuda')",
        "class A:\n    def __init__(self, device): ...\nA('cuda')",
        "x.to(f'cuda:{i}')",
        "x.to('cuda:' + str(i))",
        "x.to('cuda:{}'.format(i))",
        "x.to('cuda:%d' % i)",
    ],
)
def test_finds_the_name_of_a_device(source: str) -> None:
    assert found_in(source) == 1


def test_a_file_without_torch_has_devices_as_well() -> None:
    source = "from transformers import pipeline\nmodel = pipeline('x', device='cuda:0')\n"
    check_unsafe(
        source,
        "from cudafix.runtime import current_device_type\nfrom transformers import pipeline\n"
        "model = pipeline('x', device=f'{current_device_type()}:0')\n",
        ELSEWHERE,
    )


# The fix


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'cuda'", "current_device_type()"),
        ("'cuda:0'", "f'{current_device_type()}:0'"),
        ("f'cuda:{rank}'", "f'{current_device_type()}:{rank}'"),
        ("'cuda:' + str(i)", "current_device_type() + ':' + str(i)"),
        ("'cuda:{}'.format(i)", "f'{current_device_type()}:{{}}'.format(i)"),
        ("'cuda:%d' % i", "f'{current_device_type()}:%d' % i"),
        ("torch.device('cuda', i)", "torch.device(current_device_type(), i)"),
    ],
)
def test_a_string_stays_a_string_and_keeps_its_index(old: str, new: str) -> None:
    source = "import torch\ndef f(x, i, rank):\n    return x.to({})\n"
    check_unsafe(source.format(old), IMPORT + source.format(new).removeprefix("import torch\n"), ELSEWHERE)


def test_a_test_runs_on_the_active_device_as_well_as_on_the_cpu() -> None:
    source = "import pytest\nimport torch\n{}@pytest.mark.parametrize('device', ['cpu', {}])\ndef test_x(device): ...\n"
    check_unsafe(
        source.format("", "'cuda'"),
        source.format("from cudafix.runtime import current_device_type\n", "current_device_type()"),
        "the device is decided at import",
    )


def test_at_import_the_reason_says_so() -> None:
    check_unsafe(
        "import torch\nx = torch.ones(1, device='cuda')\n",
        f"{IMPORT}x = torch.ones(1, device=current_device_type())\n",
        "the device is decided at import",
    )


@pytest.mark.parametrize("source", ["devices = ['cuda', 'npu']", "def devices():\n    return ['cuda', 'xpu']"])
def test_a_list_of_several_backends_is_no_device(source: str) -> None:
    check_noop(f"import torch\n{source}\n")


@pytest.mark.parametrize(
    "source",
    [
        "parser.add_argument('--device', choices=['cuda', 'cpu'])",
        "@click.option('--device', type=click.Choice(['cuda', 'cpu']))\ndef f(device): ...",
    ],
)
def test_what_may_be_chosen_stays(source: str) -> None:
    check_stays(f"import torch\n{source}\n", "one of those that may be chosen")


def test_a_file_without_an_import_has_no_fix() -> None:
    check_stays("def f(x):\n    return x.to('cuda')\n", "imports nothing")


def test_a_guard_on_cuda_that_no_longer_names_it_goes_in_the_same_run() -> None:
    result = checks.fixed(
        b"import torch\ndef f(x):\n    if torch.cuda.is_available():\n        x = x.to('cuda')\n    return x\n",
        unsafe=True,
        select=["CFX1", "CFX201", "CFX3"],
        ignore=[],
    )
    assert result.problems == ()
    assert result.new_bytes == (
        b"from cudafix.runtime import current_device_type, is_accelerator_available\ndef f(x):\n"
        b"    if is_accelerator_available():\n        x = x.to(current_device_type())\n    return x\n"
    )


def test_a_comment_silences_it() -> None:
    check_noop("import torch\nx = torch.ones(1, device='cuda')  # cudafix: ignore[CFX201] kernel\n")


# One constant for many uses

USES = "def f(x):\n    return x.to('cuda')\ndef g(x, i):\n    return x.to(f'cuda:{i}')\n"
NEUTRAL_USES = "def f(x):\n    return x.to(DEVICE_TYPE)\ndef g(x, i):\n    return x.to(f'{DEVICE_TYPE}:{i}')\n"
MAIN = "if __name__ == '__main__':\n    f(1)\n"


def test_in_a_program_the_second_use_makes_a_constant_after_the_imports() -> None:
    check_unsafe(
        f"import torch\n\nimport mine\n{USES}{MAIN}",
        f"{IMPORT}\nimport mine\n\nDEVICE_TYPE = current_device_type()\n{NEUTRAL_USES}{MAIN}",
        ELSEWHERE,
    )


def test_in_a_test_the_second_use_makes_a_constant_as_well() -> None:
    check_unsafe(
        f"import torch\nx = torch.ones(1)\n{USES}",
        f"{IMPORT}\nDEVICE_TYPE = current_device_type()\nx = torch.ones(1)\n{NEUTRAL_USES}",
        ELSEWHERE,
        path="tests/test_x.py",
    )


def test_the_constant_stands_after_imports_in_blocks_as_well() -> None:
    tries = "try:\n    import fast\nexcept ImportError:\n    fast = None\n"
    check_unsafe(
        f"import torch\n{tries}{USES}{MAIN}",
        f"{IMPORT}{tries}\nDEVICE_TYPE = current_device_type()\n{NEUTRAL_USES}{MAIN}",
        ELSEWHERE,
    )


def test_the_constant_has_the_name_that_the_project_gives() -> None:
    check_unsafe(
        f"import torch\n{USES}{MAIN}",
        f"{IMPORT}\nBACKEND = current_device_type()\n{NEUTRAL_USES.replace('DEVICE_TYPE', 'BACKEND')}{MAIN}",
        ELSEWHERE,
        device_constant="BACKEND",
    )


def test_a_constant_that_is_there_is_used() -> None:
    source = (
        "from cudafix.runtime import current_device_type\nNOW = current_device_type()\ndef f(x):\n    return x.to({})\n"
    )
    check_unsafe(source.format("'cuda'"), source.format("NOW"), ELSEWHERE)


@pytest.mark.parametrize(
    "rest",
    ["", "DEVICE_TYPE = 'x'\n", "def h(DEVICE_TYPE): ...\n"],
    ids=["a module that others import", "a name that is taken", "a name that is taken below"],
)
def test_without_a_place_for_a_constant_each_use_is_neutral_by_itself(rest: str) -> None:
    main = MAIN if rest else ""
    check_unsafe(
        f"import torch\n{rest}{USES}{main}",
        f"{IMPORT}{rest}{NEUTRAL_USES.replace('DEVICE_TYPE', 'current_device_type()')}{main}",
        ELSEWHERE,
    )


def test_a_use_above_the_constant_is_neutral_by_itself() -> None:
    check_unsafe(
        f"import torch\ndevice = 'cuda'\nimport mine\n{USES}{MAIN}",
        f"{IMPORT}device = current_device_type()\nimport mine\n\n"
        f"DEVICE_TYPE = current_device_type()\n{NEUTRAL_USES}{MAIN}",
        ELSEWHERE,
    )


@pytest.mark.parametrize("method", ["append('cuda')", "add('cuda')", "insert(0, 'cuda')"])
def test_what_is_put_among_devices_is_one(method: str) -> None:
    assert found_in(f"devices.{method}") == 1
    assert found_in(f"words.{method}") == 0


@pytest.mark.parametrize(
    "value", ["f'cuda:{index}'", "'cuda:0'", "[name or 'cuda:0']", "('cuda:1' if last else 'cpu')"]
)
def test_what_is_returned_with_an_index_is_a_device(value: str) -> None:
    assert found_in(f"def place(index, name, last):\n    return {value}") == 1


@pytest.mark.parametrize("value", ["'cuda'", "{'cuda:0': 1}", "load('cuda:0')", "f'cuda: {count} devices'"])
def test_leaves_another_result_of_a_function_alone(value: str) -> None:
    check_noop(f"import torch\ndef place(count):\n    return {value}\n")


# The functions of torch.cuda, and the neutral ones, in whichever place they take a device

TAKE_A_DEVICE = sorted(row.name for row in ROWS.values() if "device" in row.parameters)


@pytest.mark.parametrize("name", TAKE_A_DEVICE)
def test_finds_the_device_of_every_function_that_takes_one(name: str) -> None:
    place = ROWS[name].parameters.index("device")
    arguments = ", ".join([*(f"x{number}" for number in range(place)), "'cuda:0'"])
    assert found_in(f"torch.cuda.{name}({arguments})") == 1


@pytest.mark.parametrize(
    "call",
    [
        "torch.cuda.max_memory_reserved('cuda:0')",
        "torch.cuda.memory.memory_stats('cuda')",
        "torch.cuda.random.get_rng_state('cuda:1')",
        "torch.cuda.set_rng_state(state, 'cuda:0')",
        "torch.cuda.set_per_process_memory_fraction(0.5, 'cuda:0')",
        "torch.cuda.caching_allocator_alloc(10, 'cuda')",
        "torch.cuda.can_device_access_peer('cuda:0', x)",
        "torch.cuda.can_device_access_peer(x, 'cuda:0')",
        "torch.cuda.Stream('cuda:0')",
        "torch.cuda.use_mem_pool(pool, 'cuda:0')",
    ],
)
def test_finds_the_device_in_its_place(call: str) -> None:
    assert found_in(f"x = {call}") == 1


def test_finds_both_devices_of_a_function_that_takes_two() -> None:
    assert found_in("ok = torch.cuda.can_device_access_peer('cuda:0', 'cuda:1')") == 2


@pytest.mark.parametrize("call", ["set_device_rng_state(state, 'cuda:0')", "set_device_memory_fraction(0.5, 'cuda:0')"])
def test_finds_the_device_of_a_neutral_function(call: str) -> None:
    assert found_in(f"from cudafix.runtime import {call.partition('(')[0]}\n{call}") == 1


@pytest.mark.parametrize("name", ["max_memory_reserved", "memory_stats", "get_rng_state", "memory_summary"])
def test_a_check_counts_what_a_fix_fixes(name: str) -> None:
    source = f"import torch\nx = torch.cuda.{name}('cuda:0')\n"
    settings = {"select": ["CFX1", "CFX201"], "ignore": []}
    found = [one.code for one in findings_in(source, **settings)]
    assert sorted(one.code for one in checks.fixed(source.encode(), unsafe=True, **settings).fixed) == sorted(found)
