"""Makes this very ppodoctor importable in the script's interpreter, under its name alone, and starts the watch."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # spares the unrelated interpreters of a command the import of typing
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class OurPackage:
    """Finds the package `ppodoctor` and nothing else, so that none of our neighbours gets on the script's path.

    The script's interpreter may have no ppodoctor, or another version: ours is the one that this watch was started by.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of our package; its modules are then found through its own `__path__`."""
        if name != "ppodoctor":
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [os.path.dirname(PACKAGE)])


def start(folder: str) -> None:
    """Start the watch that writes below `folder`, the run folder of the whole command."""
    sys.meta_path.insert(0, OurPackage)
    from ppodoctor.watching import bootstrap

    bootstrap.start(folder)
