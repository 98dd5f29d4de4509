"""Code in Markdown, reStructuredText and docstrings: opt-in, block by block, each in its own layout."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from checks import EVERY_RULE
from command import invoke

from cudafix.config.options import Options
from cudafix.config.settings import read_settings
from cudafix.documents.code_blocks import Block
from cudafix.engine.one_file import process
from cudafix.engine.work import Mode, Work
from cudafix.files.source import Source
from cudafix.model import Result

FLUSH = "import torch\ntorch.cuda.empty_cache()\n"


def run(text: str, name: str = "a.md", mode: Mode = Mode.FIX, **settings: object) -> Result:
    given = {key.replace("_", "-"): value for key, value in (EVERY_RULE | {"code_blocks": True} | settings).items()}
    options = Options(**read_settings(given, "test"))
    return process(Source(name, text.encode()), options, Work(mode, unsafe=True))


def check(before: str, after: str, name: str = "a.md", **settings: object) -> None:
    """The fixes make `after` of `before`, and nothing more in a second run; so with CRLF."""
    old, new = (textwrap.dedent(one).removeprefix("\n") for one in (before, after))
    result = run(old, name, **settings)
    assert result.problems == ()
    assert (result.new_bytes or old.encode()).decode() == new
    assert run(new, name, **settings).new_bytes is None
    windows = old.replace("\n", "\r\n")
    assert (run(windows, name, **settings).new_bytes or windows.encode()).decode() == new.replace("\n", "\r\n")


def check_same(text: str, name: str = "a.md", **settings: object) -> None:
    check(text, text, name, **settings)


def places(text: str, name: str = "a.md", **settings: object) -> list[str]:
    return [one.place for one in run(textwrap.dedent(text).removeprefix("\n"), name, Mode.CHECK, **settings).findings]


# What is left alone


@pytest.mark.parametrize(
    "text",
    [
        "torch.cuda.empty_cache()\n",
        "    torch.cuda.empty_cache()\n",
        "```bash\nimport torch; torch.cuda.empty_cache()\n```\n",
        "```\nimport torch\ntorch.cuda.empty_cache()\n```\n",
        "```python\n$ import torch; torch.cuda.empty_cache()\n```\n",
        "```python\nimport torch\nawait torch.cuda.empty_cache()\n```\n",
        "```python\ndef f(torch):\n    torch.cuda.empty_cache()\n```\n",
        "",
    ],
)
def test_what_is_no_block_of_python_stays(text: str) -> None:
    assert places(text) == []


def test_text_that_is_not_utf8_stays() -> None:
    options = Options(code_blocks=True)
    data = b"```python\nimport torch\ntorch.cuda.empty_cache()\n```\n\xff"
    assert process(Source("a.md", data), options, Work(Mode.FIX, unsafe=True)).new_bytes is None


def test_docstrings_are_opt_in() -> None:
    text = f'"""Do.\n\n```python\n{FLUSH}```\n"""\n'
    assert places(text, "a.py", code_blocks=False) == []
    assert places(text, "a.py") == ["a.py:5:1"]


# Markdown


def test_a_fence_is_fixed_in_its_own_indentation() -> None:
    check(
        """
        1. Free the memory:

           ~~~py title="a.py"
           import torch

           torch.cuda.empty_cache()
           if x:

               torch.cuda.synchronize()
           ~~~

        ```python
        print(1)
        ```
        """,
        """
        1. Free the memory:

           ~~~py title="a.py"
           from cudafix.runtime import empty_device_cache, synchronize_device

           empty_device_cache()
           if x:

               synchronize_device()
           ~~~

        ```python
        print(1)
        ```
        """,
    )


def test_torch_that_a_block_takes_for_granted_is_torch() -> None:
    check(
        "```python\ntorch.cuda.empty_cache()\n```\n",
        "```python\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n```\n",
    )


def test_an_import_that_a_later_block_uses_stays() -> None:
    check(
        "```python\nimport torch\ntorch.cuda.empty_cache()\n```\n```python\nx = torch.ones(1)\n```\n",
        "```python\nimport torch\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n```\n"
        "```python\nx = torch.ones(1)\n```\n",
    )


def test_documents_get_no_comments_for_linters() -> None:
    check(
        "```python\nx = 1\nimport torch\ntorch.cuda.empty_cache()\n```\n",
        "```python\nx = 1\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n```\n",
    )


def test_a_comment_in_a_block_silences_it() -> None:
    check_same("```python\nimport torch\ntorch.cuda.empty_cache()  # cudafix: ignore[CFX101] shown as it was\n```\n")


def test_a_place_is_that_in_the_document() -> None:
    assert places("# A\n\n   ```python\n   import torch\n   torch.cuda.empty_cache()\n   ```\n") == ["a.md:5:4"]


def test_the_edits_of_a_finding_make_the_document() -> None:
    text = "# A\n\n  ```python\n  import torch\n  x = torch.ones(1)\n  torch.cuda.empty_cache()\n  ```\n"
    (finding,) = run(text, mode=Mode.CHECK).findings
    assert finding.fix is not None
    lines = text.splitlines(keepends=True)
    for edit in sorted(finding.fix.edits, key=lambda one: one.start, reverse=True):
        assert edit.start.row == edit.end.row
        line = lines[edit.start.row - 1]
        lines[edit.start.row - 1] = line[: edit.start.column - 1] + edit.content + line[edit.end.column - 1 :]
    assert "".join(lines).encode() == run(text).new_bytes


# Examples


def test_an_example_keeps_its_prompts_and_its_output() -> None:
    check(
        """
        ```pycon
        >>> import torch
        >>> torch.cuda.device_count()
        2
        >>> for i in range(2):
        ...     torch.cuda.synchronize(i)
        ...
        torch.cuda
        ```
        """,
        """
        ```pycon
        >>> from cudafix.runtime import count_devices, synchronize_device
        >>> count_devices()
        2
        >>> for i in range(2):
        ...     synchronize_device(i)
        ...
        torch.cuda
        ```
        """,
    )


def test_a_new_import_that_is_wrapped_continues_the_example() -> None:
    calls = ("empty_cache()", "synchronize()", "memory_allocated()", "max_memory_allocated()", "device_count()")
    text = "```python\n>>> import torch\n" + "".join(f">>> torch.cuda.{one}\n" for one in calls) + "```\n"
    new = (run(text).new_bytes or b"").decode()
    assert new.startswith("```python\n>>> from cudafix.runtime import (\n...     count_devices,\n")
    assert "\n... )\n>>> empty_device_cache()\n" in new


# reStructuredText


def test_a_directive_is_fixed_below_its_options() -> None:
    check(
        """
        Title
        =====

        .. code-block:: python
           :linenos:

           import torch

           torch.cuda.empty_cache()

        .. code-block:: bash

           import torch; torch.cuda.empty_cache()

        Text, and an example:

        >>> import torch
        >>> torch.cuda.synchronize()
        """,
        """
        Title
        =====

        .. code-block:: python
           :linenos:

           import torch
           from cudafix.runtime import empty_device_cache

           empty_device_cache()

        .. code-block:: bash

           import torch; torch.cuda.empty_cache()

        Text, and an example:

        >>> import torch
        >>> from cudafix.runtime import synchronize_device
        >>> synchronize_device()
        """,
        name="a.rst",
    )


@pytest.mark.parametrize(
    "directive", [".. testcode::", ".. jupyter-execute::", ".. plot::", ".. code:: python3", ".. sourcecode:: python"]
)
def test_other_directives_hold_python_as_well(directive: str) -> None:
    assert places(f"{directive}\n\n    import torch\n    torch.cuda.empty_cache()\n", "a.rst") == ["a.rst:4:5"]


# Docstrings


def test_a_docstring_and_the_code_around_it_are_fixed_together() -> None:
    check(
        '''
        """Free it.

        .. code-block:: python

            import torch
            torch.cuda.empty_cache()
        """
        import torch


        def free():
            """Free it.

            Example:
                >>> torch.cuda.empty_cache()
                >>> done
                True

                And wait.

                >>> torch.cuda.synchronize()
            """
            torch.cuda.empty_cache()
        ''',
        '''
        """Free it.

        .. code-block:: python

            import torch
            from cudafix.runtime import empty_device_cache
            empty_device_cache()
        """
        from cudafix.runtime import empty_device_cache


        def free():
            """Free it.

            Example:
                >>> from cudafix.runtime import empty_device_cache, synchronize_device
                >>> empty_device_cache()
                >>> done
                True

                And wait.

                >>> synchronize_device()
            """
            empty_device_cache()
        ''',
        name="a.py",
    )


def test_a_block_with_escapes_stays() -> None:
    check_same('"""Do.\n\n```python\nimport torch\nprint("\\\\n")\ntorch.cuda.empty_cache()\n```\n"""\n', name="a.py")


def test_a_string_that_is_no_docstring_stays() -> None:
    check_same('x = """\n>>> torch.cuda.empty_cache()\n"""\n', name="a.py")


def test_the_last_line_of_a_docstring_is_not_a_part_of_a_block() -> None:
    assert places('"""Do.\n\n>>> torch.cuda.empty_cache()"""\n', "a.py") == []


def test_what_stands_around_a_block_never_stays_in_it() -> None:
    block = Block(0, ("torch.cuda.empty_cache()",), "", shared=frozenset({"torch"}))
    assert block.with_code("changed()\n") is None
    assert block.with_code(f"{block.implied}changed()\n{block.rest}") == ["changed()"]


# The command line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text(f"```python\n{FLUSH}```\n", encoding="utf-8")
    (tmp_path / "b.py").write_text(FLUSH, encoding="utf-8")
    return tmp_path


def test_documents_below_a_folder_are_opt_in(folder: Path) -> None:
    assert "a.md" not in invoke("check", ".").stdout
    assert invoke("check", "--code-blocks", ".").stdout.startswith("a.md:3:1: CFX101 [*]")


def test_a_document_that_is_named_is_checked(folder: Path) -> None:
    assert invoke("check", "a.md").stdout.startswith("a.md:3:1: CFX101 [*]")


def test_documents_are_written(folder: Path) -> None:
    assert invoke("fix", "--code-blocks", ".").exit_code == 0
    assert (folder / "a.md").read_text(encoding="utf-8") == (
        "```python\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n```\n"
    )


def test_a_module_in_another_encoding_keeps_its_docstrings() -> None:
    text = f'# coding: latin-1\n"""Zoë\n\n>>> import torch\n>>> torch.cuda.empty_cache()\n"""\n{FLUSH}'
    settings = Options(**read_settings(EVERY_RULE | {"code-blocks": True}, "test"))
    result = process(Source("a.py", text.encode("latin-1")), settings, Work(Mode.FIX, unsafe=True))
    assert result.new_bytes is not None
    new = result.new_bytes.decode("latin-1")
    assert new.startswith('# coding: latin-1\n"""Zoë\n\n>>> import torch\n>>> torch.cuda.empty_cache()\n"""\n')
    assert new.endswith("empty_device_cache()\n")


def test_a_block_at_the_end_of_a_text_without_a_last_line_end_gets_none() -> None:
    text = "```python\nimport torch\ntorch.cuda.empty_cache()\n```"
    result = run(text)
    assert result.new_bytes is not None
    assert result.new_bytes.decode() == (
        "```python\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n```"
    )


def test_an_example_whose_statement_goes_on_is_one_block() -> None:
    check(
        """
        >>> import torch
        >>> for _ in range(2):
        ...     torch.cuda.empty_cache()
        """,
        """
        >>> from cudafix.runtime import empty_device_cache
        >>> for _ in range(2):
        ...     empty_device_cache()
        """,
        "a.rst",
    )


def test_an_import_that_is_commented_out_binds_nothing() -> None:
    check(
        "```python\n# import torch\ntorch.cuda.synchronize()\n```\n",
        "```python\nfrom cudafix.runtime import synchronize_device\n# import torch\nsynchronize_device()\n```\n",
    )


def test_an_example_that_is_a_needless_suppression_alone_goes() -> None:
    assert run(">>> # noqa: CFX101 torch.cuda").new_bytes == b""
    check("See\n>>> # noqa: CFX101 torch.cuda\nand\n", "See\nand\n")


def test_a_name_that_another_block_uses_is_no_use_of_its_own() -> None:
    check(
        "```python\nfrom torch import cuda  # noqa: CFX101\n```\n\n```python\ncuda.synchronize()\n```\n",
        "```python\nfrom torch import cuda\n```\n\n```python\ncuda.synchronize()\n```\n",
        select=["CFX"],
        ignore=[],
    )


def test_blocks_between_examples_keep_their_place() -> None:
    check(
        ">>> torch.cuda.empty_cache()\n\n```python\ntorch.cuda.empty_cache()\n```\n\n>>> torch.cuda.empty_cache()\n",
        ">>> from cudafix.runtime import empty_device_cache\n>>> empty_device_cache()\n\n"
        "```python\nfrom cudafix.runtime import empty_device_cache\nempty_device_cache()\n```\n\n"
        ">>> from cudafix.runtime import empty_device_cache\n>>> empty_device_cache()\n",
    )


def test_docstrings_are_taken_in_the_order_of_the_file() -> None:
    before = """
    class A:
        def method(self):
            '''
            >>> torch.cuda.empty_cache()
            '''

    def function():
        '''
        >>> torch.cuda.synchronize()
        '''
    """
    after = """
    class A:
        def method(self):
            '''
            >>> from cudafix.runtime import empty_device_cache
            >>> empty_device_cache()
            '''

    def function():
        '''
        >>> from cudafix.runtime import synchronize_device
        >>> synchronize_device()
        '''
    """
    check(before, after, "a.py")


def test_the_same_code_at_another_indentation_stays_where_it_is() -> None:
    check(
        ".. note::\n\n   >>> x = 1\n   >>> torch.cuda.empty_cache()\n\n>>> x = 1\n>>> torch.cuda.empty_cache()\n",
        ".. note::\n\n   >>> from cudafix.runtime import empty_device_cache\n   >>> x = 1\n"
        "   >>> empty_device_cache()\n\n"
        ">>> from cudafix.runtime import empty_device_cache\n>>> x = 1\n>>> empty_device_cache()\n",
    )
