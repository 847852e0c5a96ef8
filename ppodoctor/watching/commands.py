"""Reads the command that a person wants watched: where its Python is, what it runs, and what is wrong with it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from ppodoctor.watching import isolated

PYTHON = re.compile(r"^(python|pypy)\d*(\.\d+)*[tw]?(\.exe)?$")
SHEBANG_BYTES = 512
LONG_WITH_VALUE = ("--check-hash-based-pycs",)
INJECT = Path(__file__).resolve().parent / "inject"


@dataclass(frozen=True)
class PythonCall:
    """One call of a Python interpreter inside a command.

    Attributes:
        at: Index of the interpreter in the command.
        flags: The interpreter's own flags.
        kind: What runs: script, module, code, stdin, or `nothing` (--version, an interactive interpreter).
        target: The script's path, the module's name or the code.
        arguments: What follows.
        shut: Whether the flags keep PYTHONPATH or sitecustomize out, so that the watch cannot enter by itself.
    """

    at: int
    flags: tuple[str, ...]
    kind: str
    target: str
    arguments: tuple[str, ...]
    shut: bool


@dataclass(frozen=True)
class Prepared:
    """A command ready to start, or a sentence that says why it cannot."""

    command: tuple[str, ...] = ()
    problem: str | None = None


def prepare(command: Sequence[str]) -> Prepared:
    """Complete a command: a bare script gets this interpreter, flags that would shut the watch out get our main file.

    Every other command is left exactly as it is.
    """
    words = tuple(command)
    if not words or not words[0].strip():
        return Prepared(problem="No command was given. Write the one that starts your script: python my_ppo.py")
    words = _with_interpreter(words)
    problem = _program_problem(words[0])
    if problem is not None:
        return Prepared(problem=problem)
    words = _shebang_spelled_out(words)
    call = read_call(words)
    if call is None:
        return Prepared(words)
    if call.at == 0:  # behind a wrapper (uv run, env -C, nice) a path may mean another folder
        problem = _target_problem(call)
    return Prepared(_rewritten(words, call), problem)


def read_call(command: Sequence[str]) -> PythonCall | None:
    """The first call of a Python interpreter in a command; None when there is none to be seen."""
    for at, word in enumerate(command):
        if PYTHON.match(os.path.basename(word)):
            return _read_flags(at, list(command[at + 1 :]))
    return None


def _read_flags(at: int, words: list[str]) -> PythonCall:
    """Split interpreter flags from what runs, by the interpreter's own rules: letters may stand together."""
    flags: list[str] = []
    letters = ""
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        plain, command, value = _split_letters(word)
        letters += plain
        if command in ("c", "m"):
            if plain:
                flags.append(f"-{plain}")
            target = value or (words.pop(0) if words else "")
            kind = isolated.CODE if command == "c" else isolated.MODULE
            return PythonCall(at, tuple(flags), kind, target, tuple(words), _shuts(letters))
        flags.append(word)
        if command and not value and words:
            flags.append(words.pop(0))
    shut = _shuts(letters)
    if set(letters) & set("hV?") or (not words and sys.stdin is not None and sys.stdin.isatty()):
        return PythonCall(at, tuple(flags), "nothing", "", tuple(words), shut)
    if not words or words[0] == "-":
        return PythonCall(at, tuple(flags), isolated.STDIN, words[0] if words else "", tuple(words[1:]), shut)
    kind = isolated.SCRIPT_SKIPPING_FIRST_LINE if "x" in letters else isolated.SCRIPT
    return PythonCall(at, tuple(flags), kind, words[0], tuple(words[1:]), shut)


def _split_letters(word: str) -> tuple[str, str, str]:
    """`-Bc...` into its plain letters, the letter that takes a value (c, m, W, X) and the value standing with it.

    The long options count as letters too: `h` for those that only print, `W` for the one with a value.
    """
    if word.startswith("--"):
        return ("h", "", "") if word.startswith(("--help", "--version")) else ("", "W" * (word in LONG_WITH_VALUE), "")
    for index, letter in enumerate(word[1:], 1):
        if letter in "cmWX":
            return word[1:index], letter, word[index + 1 :]
    return word[1:], "", ""


def _shuts(letters: str) -> bool:
    return bool(set(letters) & set("IES"))


def _rewritten(words: tuple[str, ...], call: PythonCall) -> tuple[str, ...]:
    if not call.shut or call.kind == "nothing":
        return words
    # -x would skip the first line of our main file; the script's own is skipped there instead.
    flags = [re.sub("^(-[A-Za-z]*)x", r"\1", flag) if _is_letters(flag) else flag for flag in call.flags]
    flags = [flag for flag in flags if flag != "-"]
    main = str(INJECT / "run_isolated.py")
    return (
        *(*words[: call.at + 1], *flags),
        *(main, call.kind, call.target, str(len(call.arguments))),
        *words[call.at :],
    )


def _is_letters(flag: str) -> bool:
    return flag.startswith("-") and flag[1:].isalpha() and not set(flag[1:]) & set("WX")


def _with_interpreter(words: tuple[str, ...]) -> tuple[str, ...]:
    """`my_ppo.py` alone is meant for Python; with an executable path to it, it starts by its own first line."""
    first = words[0]
    if not first.endswith((".py", ".pyw", ".ipynb")):
        return words
    if os.sep in first and os.access(first, os.X_OK) and not os.path.isdir(first) and _shebang(first):
        return words
    if os.sep not in first and not os.path.exists(first) and shutil.which(first):
        return words
    return (sys.executable, *words)


def _shebang(path: str) -> list[str]:
    """The words of a file's first line behind `#!`, as the kernel splits them: a program and one argument."""
    try:
        with open(path, "rb") as file:
            line = file.readline(SHEBANG_BYTES)
    except OSError:
        return []
    return line[2:].decode("utf-8", "replace").strip().split(None, 1) if line.startswith(b"#!") else []


def _shebang_spelled_out(words: tuple[str, ...]) -> tuple[str, ...]:
    """Put the interpreter of an executable script in front where its first line has flags that shut the watch out."""
    path = shutil.which(words[0])
    spoken = _shebang(path) if path else []
    if path is None or not spoken:
        return words
    if len(spoken) > 1 and os.path.basename(spoken[0]) == "env":
        split = spoken[1].split()
        spoken = split[1:] if split[0] in ("-S", "--split-string") else split
    call = read_call(spoken)
    return (*spoken, path, *words[1:]) if call is not None and call.shut else words


def _program_problem(program: str) -> str | None:
    if os.sep in program:
        if not os.path.exists(program):
            return f"{program} does not exist. Give the program that starts your script, for example: python my_ppo.py"
        if os.path.isdir(program):
            return f"{program} is a folder, not a program. To run a package write: python -m NAME or python {program}"
        if not os.access(program, os.X_OK):
            return f"{program} may not be executed. Allow it (chmod +x {program}) or put its interpreter in front."
        return None
    if shutil.which(program) is None:
        known = [name for name in ("python", "python3") if shutil.which(name)]
        hint = f" Found there: {', '.join(known)}." if known and PYTHON.match(program) else ""
        return f"{program}: there is no such program on PATH.{hint} Give its full path, or activate its environment."
    return None


def _target_problem(call: PythonCall) -> str | None:
    if call.kind == "nothing":
        return "The command runs no script. Name it behind the interpreter, for example: python my_ppo.py"
    if call.kind in (isolated.CODE, isolated.MODULE) and not call.target:
        return f"The command ends behind {'-c' if call.kind == isolated.CODE else '-m'}: say what Python is to run."
    if call.kind in (isolated.SCRIPT, isolated.SCRIPT_SKIPPING_FIRST_LINE):
        return _script_problem(call.target)
    return None


def _script_problem(script: str) -> str | None:
    if not os.path.exists(script):
        return f"The script {script} does not exist here ({os.getcwd()})."
    if os.path.isdir(script):
        if os.path.exists(os.path.join(script, "__main__.py")):
            return None
        return f"{script} is a folder without a __main__.py, so Python cannot run it. Name the script inside it."
    if script.endswith(".ipynb"):
        stem = os.path.splitext(script)[0]
        return (
            f"{script} is a notebook, and Python runs scripts. Export it (jupyter nbconvert --to script {script}) "
            f"and watch {stem}.py, or put `with ppodoctor.watch():` around the training cell."
        )
    try:
        with open(script, "rb") as file:
            text = file.read()
    except PermissionError:
        return f"The script {script} may not be read by this user."
    except OSError as error:
        return f"The script {script} cannot be read: {error.strerror}."
    if script.endswith((".pyc", ".pyz", ".zip")) or text.startswith(b"PK"):
        return None
    if b"\0" in text:
        return f"{script} is not a Python script but a binary file."
    first = text.split(b"\n", 1)[0]
    if first.startswith(b"#!") and b"py" not in first and not script.endswith(".py") and not _is_python(text):
        words = first[2:].decode("utf-8", "replace").strip()
        return f"{script} is not a Python script: its first line calls {words}. Give it as the command itself."
    return None


def _is_python(text: bytes) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
