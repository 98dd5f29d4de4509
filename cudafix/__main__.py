"""`python -m cudafix` is the `cudafix` command."""

from cudafix.cli import main

if __name__ == "__main__":
    main(prog_name="cudafix")
