"""A new import has its own name unless a star import may bring another thing of that name."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import in_project

SOURCE = "import torch\nfrom {} import *\n\n\ndef f():\n    torch.cuda.empty_cache()\n    return torch.ones(1)\n"


def fixed(root: Path, module: str, files: dict[str, str]) -> str:
    """Return what becomes of `pkg/a.py`, which has a star import, beside other files of the project."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return in_project(root, "pkg/a.py", SOURCE.format(module))


@pytest.mark.parametrize(
    ("module", "files"),
    [
        pytest.param(".b", {"pkg/b.py": "def g(): ...\n"}, id="relative"),
        pytest.param("pkg.b", {"pkg/b.py": "def g(): ...\n"}, id="absolute"),
        pytest.param("..c", {"c.py": "x = 1\n"}, id="further up"),
        pytest.param(".sub", {"pkg/sub/__init__.py": "x = 1\n"}, id="a package"),
        pytest.param(".b", {"pkg/b.py": "from .d import *\n", "pkg/d.py": "x = 1\n"}, id="a star behind it"),
    ],
)
def test_a_star_import_without_the_name_asks_for_no_other(tmp_path: Path, module: str, files: dict[str, str]) -> None:
    assert "    empty_device_cache()\n" in fixed(tmp_path, module, files)


@pytest.mark.parametrize(
    ("module", "files"),
    [
        pytest.param("elsewhere", {}, id="not of the project"),
        pytest.param(".b", {"pkg/b.py": "def empty_device_cache(): ...\n"}, id="the name is there"),
        pytest.param(".b", {"pkg/b.py": "from .d import *\n", "pkg/d.py": "empty_device_cache = 1\n"}, id="further on"),
        pytest.param(".b", {"pkg/b.py": "from elsewhere import *\n"}, id="not of the project, further on"),
        pytest.param(".b", {"pkg/b.py": "from .a import *\n", "pkg/a.py": "from .b import *\n"}, id="in a circle"),
    ],
)
def test_one_that_may_bring_it_does(tmp_path: Path, module: str, files: dict[str, str]) -> None:
    assert "    neutral_empty_device_cache()\n" in fixed(tmp_path, module, files)
