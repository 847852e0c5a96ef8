"""The uncaught exception that ended a script, as `crash.json`: type, message, the user's own file and line."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from types import TracebackType

LONGEST = 8192
"""Characters kept of a message or a traceback; the end of a traceback is its telling part."""
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def describe(error: BaseException, trace: TracebackType | None) -> dict[str, object]:
    """The facts of an exception, ready for JSON; `file` and `line` are None when no frame is the user's."""
    kind = type(error)
    return {
        "type": kind.__name__,
        "module": kind.__module__,
        "message": _message(error)[:LONGEST],
        **_where(error, trace),
        "traceback": "".join(traceback.format_exception(kind, error, trace))[-LONGEST:],
        "pid": os.getpid(),
        "argv": [str(word) for word in getattr(sys, "argv", [])],
        "time": time.time(),
    }


def save(facts: dict[str, object], folder: str) -> None:
    """Write `crash.json` below `folder`, whole or not at all. Raises OSError where that is impossible."""
    os.makedirs(folder, exist_ok=True)
    partial = os.path.join(folder, f".crash.{os.getpid()}")
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1)
    os.replace(partial, os.path.join(folder, "crash.json"))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message could not be made)"


def _where(error: BaseException, trace: TracebackType | None) -> dict[str, object]:
    """The innermost frame in a file of the user; where there is none, the innermost frame."""
    if isinstance(error, SyntaxError) and error.filename:
        return {"file": error.filename, "line": error.lineno, "function": None}
    frames = [(step.tb_frame.f_code, step.tb_lineno) for step in _steps(trace)]
    own = [frame for frame in frames if is_users(frame[0].co_filename)]
    for code, line in reversed(own or frames):
        return {"file": code.co_filename, "line": line, "function": code.co_name}
    return {"file": None, "line": None, "function": None}


def _steps(trace: TracebackType | None) -> list[TracebackType]:
    steps = []
    while trace is not None:
        steps.append(trace)
        trace = trace.tb_next
    return steps


def is_users(filename: str) -> bool:
    """Whether a file is the user's own: neither the standard library, nor an installed package, nor ours."""
    if filename.startswith("<"):
        return filename in ("<string>", "<stdin>")
    parts = filename.replace("\\", "/").split("/")
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    return not filename.startswith((os.path.dirname(os.__file__) + os.sep, PACKAGE + os.sep))
