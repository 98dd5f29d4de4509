"""Let a failing check in the harness say what it compared."""

import pytest

pytest.register_assert_rewrite("checks", "command", "tools")
