"""Results → output, one file per format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from cudafix.model import Finding
from cudafix.reporters import json_, text

Reporter = Callable[[Sequence[Finding], TextIO, bool], None]
"""Write the findings to a stream; the flag says whether colour and source excerpts are wanted."""

REPORTERS: dict[str, Reporter] = {"text": text.report, "json": json_.report}
