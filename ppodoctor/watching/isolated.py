"""Runs a script, a module or a string of code in `__main__` as the interpreter itself would have run it.

For the commands alone whose flags (-I, -E, -S) keep the watch from entering by itself; any other is run untouched.
"""

from __future__ import annotations

import io
import os
import sys
import types
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader

TYPE_CHECKING = False  # the script finds no more modules imported than need be
if TYPE_CHECKING:
    from typing import Any

SCRIPT, SCRIPT_SKIPPING_FIRST_LINE, MODULE, CODE, STDIN = "script", "script-x", "module", "code", "stdin"


def run(kind: str, target: str, count: int, words: list[str]) -> None:
    """Set up `sys` and `__main__`, then run; whatever the user's code raises passes through.

    Args:
        kind: One of the five kinds above.
        target: The script's path as given, the module's name or the code; unused for `stdin`.
        count: How many of the last words are the script's own arguments.
        words: The call as the user wrote it, the interpreter first.
    """
    arguments = words[len(words) - count :]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[1:] = words[1:]
    safe = bool(sys.flags.isolated or getattr(sys.flags, "safe_path", False))
    if kind == MODULE:
        _run_module(target, arguments, None if safe else os.getcwd())
    elif kind == CODE:
        _enter("-c", arguments, None if safe else "")
        code = compile(target, "<string>", "exec", dont_inherit=True)
        _execute(code, __loader__=BuiltinImporter)
    elif kind == STDIN:
        _enter(target, arguments, None if safe else "")
        code = compile(sys.stdin.buffer.read(), "<stdin>", "exec", dont_inherit=True)
        _execute(code, __loader__=BuiltinImporter)
    elif _holds_main(target):
        # A folder or an archive with a __main__.py is itself the first place to import from, whatever the flags.
        _enter(target, arguments, os.path.join(os.getcwd(), target))
        _run_as_main("__main__", alter_argv=False)
    else:
        _enter(target, arguments, None if safe else os.path.dirname(os.path.realpath(target)))
        _run_script(target, skip_first=kind == SCRIPT_SKIPPING_FIRST_LINE)


def without_own_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    """A traceback from the user's first frame on."""
    ours = (os.path.abspath(__file__), os.path.join(os.path.dirname(os.path.abspath(__file__)), "inject"))
    while trace is not None and os.path.abspath(trace.tb_frame.f_code.co_filename).startswith(ours):
        trace = trace.tb_next
    return trace


def _enter(first: str, arguments: list[str], place: str | None) -> None:
    sys.argv[:] = [first, *arguments]
    if place is not None:
        sys.path.insert(0, place)


def _run_script(path: str, *, skip_first: bool) -> None:
    # Since Python 3.9 the main module knows its file by an absolute path, not normalised.
    full = os.path.join(os.getcwd(), path)
    loader: Any = SourceFileLoader("__main__", full)
    if path.endswith(".pyc"):
        loader = SourcelessFileLoader("__main__", full)
        code = loader.get_code("__main__")
    else:
        with io.open_code(full) as file:
            source = file.read()
        if skip_first:
            source = source[source.find(b"\n") :] if b"\n" in source else b""
        code = compile(source, full, "exec", dont_inherit=True)
    _execute(code, __loader__=loader, __file__=full, __cached__=None)


def _execute(code: types.CodeType, **facts: object) -> None:
    namespace = _fresh_main()
    namespace.update(facts)
    exec(code, namespace)


def _run_module(name: str, arguments: list[str], place: str | None) -> None:
    _enter("-m", arguments, place)
    _run_as_main(name, alter_argv=True)


def _run_as_main(name: str, *, alter_argv: bool) -> None:
    import runpy

    _fresh_main()
    # The very function that the interpreter calls for -m; public ones do not run in the real __main__.
    runpy._run_module_as_main(name, alter_argv)  # type: ignore[attr-defined]


def _fresh_main() -> dict[str, Any]:
    namespace = sys.modules["__main__"].__dict__
    builtins = namespace["__builtins__"]
    namespace.clear()
    namespace.update(__name__="__main__", __doc__=None, __package__=None, __loader__=None, __spec__=None)
    if sys.version_info < (3, 14):
        namespace["__annotations__"] = {}
    namespace["__builtins__"] = builtins
    return namespace


def _holds_main(path: str) -> bool:
    from pkgutil import get_importer

    return not path.endswith((".py", ".pyc")) and os.path.exists(path) and get_importer(path) is not None
