"""What other files of a run do with the names of a module: nothing that they replace or read there is taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import invoke

pytestmark = pytest.mark.usefixtures("folder")

SPEC = "import torch\n\n\ndef wait():\n    torch.cuda.synchronize()\n"
NAMED = "from torch.cuda import synchronize\n\n\ndef wait():\n    synchronize()\n"


def fixed(module: str, other: str, path: str = "pkg/spec.py") -> str:
    """Fix a module with all fixes, beside a test, and return what has become of it."""
    for name, text in ((path, module), ("tests/test_spec.py", other)):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    invoke("fix", "-q", "--unsafe-fixes", "-j", "1", ".")
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            "from unittest.mock import patch\npatch('pkg.other.torch.cuda.synchronize')\n", id="another module"
        ),
        pytest.param(
            "from unittest.mock import patch\npatch('tests.spec.torch.cuda.synchronize')\n", id="another spec"
        ),
        pytest.param("import spec\nspec.torch_version\n", id="another name"),
        pytest.param("from safetensors.torch import load_file\n", id="a package that is not of the run"),
        pytest.param("patch('pkg.spec.torch.cuda.synchronize'\n", id="not Python"),
        pytest.param("import torch\nassert torch.cuda\n", id="torch itself"),
    ],
)
def test_what_is_no_use_of_its_names_changes_nothing(other: str) -> None:
    assert "import torch\n" not in fixed(SPEC, other)


@pytest.mark.parametrize(
    "other",
    [
        "from unittest.mock import patch\nwith patch('pkg.spec.torch.cuda.synchronize') as stand_in:\n    pass\n",
        "from unittest import mock\n@mock.patch('spec.torch.cuda.synchronize')\ndef test_it(stand_in): ...\n",
        "from unittest import mock\nfrom pkg import spec\nmock.patch.object(spec.torch.cuda, 'synchronize')\n",
        "import pkg.spec as mine\ndef test_it(mocker):\n    mocker.patch.object(mine.torch.cuda, 'synchronize')\n",
        "def test_it(monkeypatch):\n    monkeypatch.setattr('pkg.spec.torch.cuda.synchronize', print)\n",
        "def test_it(mocker):\n    mocker.patch('pkg.spec.torch')\n",
        "from pkg import spec\ndef test_it(mocker):\n    mocker.spy(spec.torch.cuda, 'synchronize')\n",
        "from unittest import mock\nfrom pkg import spec\nmock.patch.multiple(spec.torch.cuda, synchronize=print)\n",
        "from pkg import spec\nspec.torch.cuda.synchronize = print\n",
        "from pkg import spec\nspec.torch = object()\n",
    ],
)
def test_what_a_test_replaces_stays(other: str) -> None:
    assert fixed(SPEC, other) == SPEC


def test_what_a_test_replaces_by_its_own_name_stays() -> None:
    assert fixed(NAMED, "from unittest.mock import patch\npatch('pkg.spec.synchronize')\n") == NAMED


def test_what_a_package_imports_is_replaced_through_the_package() -> None:
    patched = "from unittest.mock import patch\npatch('pkg.torch.cuda.synchronize')\n"
    assert fixed(SPEC, patched, path="pkg/__init__.py") == SPEC


def test_other_functions_than_the_replaced_one_are_fixed() -> None:
    module = SPEC + "\n\ndef clear():\n    torch.cuda.empty_cache()\n"
    now = fixed(module, "from unittest.mock import patch\npatch('pkg.spec.torch.cuda.synchronize')\n")
    assert "    torch.cuda.synchronize()\n" in now
    assert "    empty_device_cache()\n" in now


@pytest.mark.parametrize(
    "other",
    [
        "from pkg import spec\nassert spec.torch.float32\n",
        "from . import spec as tested\nassert tested.torch.float32\n",
        "import pkg.spec\nassert pkg.spec.torch.float32\n",
        "from pkg.spec import torch\n",
        "from .spec import wait, torch\n",
    ],
)
def test_an_import_that_is_read_through_the_module_stays(other: str) -> None:
    now = fixed(SPEC, other)
    assert "import torch  # noqa: F401\n" in now
    assert "synchronize_device()" in now


def test_the_reason_names_the_test_and_its_line() -> None:
    Path("spec.py").write_text(SPEC, encoding="utf-8")
    Path("test_spec.py").write_text(
        "from unittest.mock import patch\n\npatch('spec.torch.cuda.synchronize')\n", encoding="utf-8"
    )
    reason = "no fix: the stand-in for `torch.cuda.synchronize` in test_spec.py on line 3 stays"
    assert reason in invoke("check", "-j", "1", ".").stdout


def test_a_cache_does_not_outlive_the_test() -> None:
    Path("spec.py").write_text(SPEC, encoding="utf-8")
    Path("test_spec.py").write_text("import spec\n", encoding="utf-8")
    assert "[*]" in invoke("check", "-j", "1", ".").stdout
    Path("test_spec.py").write_text(
        "from unittest.mock import patch\npatch('spec.torch.cuda.synchronize')\n", encoding="utf-8"
    )
    assert "stand-in" in invoke("check", "-j", "1", ".").stdout
    Path("test_spec.py").write_text("import spec\n", encoding="utf-8")
    assert "[*]" in invoke("check", "-j", "1", ".").stdout
