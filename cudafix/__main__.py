"""`python -m cudafix` is the `cudafix` command."""

import os
import sys

if __name__ == "__main__":
    try:
        here = os.getcwd()
    except OSError:  # it is gone: whoever needs it says so
        here = ""
    if not getattr(sys.flags, "safe_path", False) and sys.path and sys.path[0] in ("", here):
        del sys.path[0]  # Python puts the working folder there: modules of the code that is checked are not to be run

    from cudafix.cli import main

    main(prog_name="cudafix")
