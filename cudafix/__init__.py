"""cudafix finds hardcoded CUDA calls in Python and rewrites them into device-neutral ones."""

__version__ = "0.1.0"
