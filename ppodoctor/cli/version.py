"""`ppodoctor version`."""

from __future__ import annotations


def version() -> int:
    """Print the version of ppodoctor, and of the Python that runs it."""
    import platform

    from ppodoctor import __version__

    print(f"ppodoctor {__version__} (Python {platform.python_version()})")
    return 0
