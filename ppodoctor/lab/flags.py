"""Puts changed settings into somebody's command as that command writes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

OPTION = re.compile(r"""["']--([A-Za-z][\w-]*)["']""")
FIELD = re.compile(r"^\s+([a-z]\w*)\s*:\s*[\w\[\]|., ]+?=", re.MULTILINE)


def with_changes(command: Sequence[str], changes: Mapping[str, Any]) -> list[str]:
    """The command with these settings: in place where it names them already, behind it where it does not.

    `{name}` anywhere in the command is replaced by the value; `--name value`, `--name=value` and `name=value` get the
    new one; what is not there yet is added as `--name value`. Dashes and underscores in a name are the same.
    """
    words = list(command)
    for name, value in changes.items():
        words = _with_one(words, name, as_text(value))
    return words


def as_text(value: Any) -> str:
    """A setting as one word of a command line."""
    if isinstance(value, float):
        return f"{value:.8g}"
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _with_one(words: list[str], name: str, value: str) -> list[str]:
    holder = "{" + name + "}"
    if any(holder in word for word in words):
        return [word.replace(holder, value) for word in words]
    for at in range(len(words) - 1, 0, -1):
        head, equals, _ = words[at].partition("=")
        if _same(head, name) and (head.startswith("-") or equals):
            if equals:
                return [*words[:at], f"{head}={value}", *words[at + 1 :]]
            return [*words[: at + 1], value, *words[at + 2 :]]
    return [*words, f"--{name}", value]


def _same(word: str, name: str) -> bool:
    return word.lstrip("-").replace("-", "_") == name.lstrip("-").replace("-", "_")


def unknown_flag(command: Sequence[str], names: Sequence[str]) -> str:
    """A sentence on a name that the command's script does not seem to know, with the nearest it knows; else empty.

    Flags are looked for in the script's text: options in quotes, and the fields of a settings class.
    """
    script = next((Path(word) for word in command if word.endswith(".py")), None)
    try:
        text = script.read_text(encoding="utf-8", errors="replace") if script is not None else ""
    except OSError:
        return ""
    known = sorted({found.replace("_", "-") for found in (*OPTION.findall(text), *FIELD.findall(text))})
    for name in names:
        wanted = name.lstrip("-").replace("_", "-")
        if known and wanted not in known and not any(_same(word.partition("=")[0], name) for word in command):
            near = difflib.get_close_matches(wanted, known, n=2, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            return f"{script} does not seem to have a flag --{name}{hint}"
    return ""
