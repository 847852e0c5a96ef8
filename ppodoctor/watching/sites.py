"""Which line of the script is running: the script's own frame and the innermost library frame.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from types import CodeType, FrameType
from typing import Dict, List, Optional, Tuple

from ppodoctor.records import Site

_SCRIPT, _LIBRARY, _HIDDEN = 0, 1, 2
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INSTALLED = ("site-packages", "dist-packages")
_DEPTH = 200
"""Frames looked at before giving up: a script that recurses deeper has its own line nearer than that."""

_owners: Dict[int, Tuple[CodeType, int, str]] = {}
"""id of a code object -> (the code, held so that the id is not reused; whose it is; its top-level package)."""
_sites: Dict[Tuple[int, int], Site] = {}


def _standard_library() -> Tuple[str, ...]:
    paths = {sysconfig.get_paths().get(name, "") for name in ("stdlib", "platstdlib")}
    paths.add(os.path.dirname(os.path.abspath(os.__file__)))
    paths.update({os.path.realpath(path) for path in paths if path})
    return tuple(path + os.sep for path in paths if path)


_STANDARD = _standard_library()


def script_site(skip: int = 1) -> Optional[Site]:
    """The nearest line of the user's own code, or None: not installed, not the standard library, not ours.

    `skip` frames are passed over first (1: the caller of this function is the first one looked at).
    """
    frame: Optional[FrameType] = sys._getframe(skip)
    for _ in range(_DEPTH):
        if frame is None:
            return None
        if _owner(frame)[1] == _SCRIPT:
            return _site(frame)
        frame = frame.f_back
    return None


def frame_sites(skip_modules: Tuple[str, ...] = ("torch",), skip: int = 1) -> Tuple[Optional[Site], Optional[Site]]:
    """(nearest line of the script, innermost line of a library when that is nearer than the script's).

    Libraries are installed packages other than the top-level packages in `skip_modules`; the second entry is None
    when the script itself made the call.
    """
    library: Optional[Site] = None
    frame: Optional[FrameType] = sys._getframe(skip)
    for _ in range(_DEPTH):
        if frame is None:
            break
        _, kind, package = _owner(frame)
        if kind == _SCRIPT:
            return _site(frame), library
        if kind == _LIBRARY and library is None and package not in skip_modules:
            library = _site(frame)
        frame = frame.f_back
    return None, library


def script_stack(limit: int = 8, skip: int = 1) -> List[Site]:
    """The script's own lines on the stack, innermost first, at most `limit`."""
    found: List[Site] = []
    frame: Optional[FrameType] = sys._getframe(skip)
    for _ in range(_DEPTH):
        if frame is None or len(found) == limit:
            break
        if _owner(frame)[1] == _SCRIPT:
            found.append(_site(frame))
        frame = frame.f_back
    return found


def is_script_file(name: str) -> bool:
    """Is this file (as Python names it) the user's own: neither installed, nor standard library, nor ours?"""
    return _file_owner(name) == _SCRIPT


def _owner(frame: FrameType) -> Tuple[CodeType, int, str]:
    code = frame.f_code
    known = _owners.get(id(code))
    if known is None:
        module = str(frame.f_globals.get("__name__", ""))
        kind = _file_owner(code.co_filename)
        if kind == _HIDDEN and module == "__main__" and code.co_filename in ("<string>", "<stdin>"):
            kind = _SCRIPT  # python -c and the interactive prompt have no file
        known = _owners[id(code)] = (code, kind, module.split(".", 1)[0])
    return known


def _file_owner(name: str) -> int:
    if name.startswith("<") and not name.startswith("<ipython"):
        return _HIDDEN  # frozen importlib, generated code
    path = os.path.abspath(name)
    if path.startswith(_OURS):
        return _HIDDEN
    if any(part in _INSTALLED for part in path.split(os.sep)):
        return _LIBRARY
    return _HIDDEN if path.startswith(_STANDARD) else _SCRIPT


def _site(frame: FrameType) -> Site:
    code, line = frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno
    found = _sites.get((id(code), line))
    if found is None:
        text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
        function = getattr(code, "co_qualname", code.co_name)
        found = _sites[(id(code), line)] = Site(code.co_filename, line, function, text)
    return found
