"""Puts changed settings into somebody's command as that command writes them, or finds that its trainer takes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

OPTION = re.compile(r"""["']--([A-Za-z][\w-]*)["']""")
TRAINERS = (
    ("stable_baselines3.ppo.ppo", "PPO"),
    ("stable_baselines3.a2c.a2c", "A2C"),
    ("sb3_contrib.ppo_mask.ppo_mask", "MaskablePPO"),
    ("sb3_contrib.ppo_recurrent.ppo_recurrent", "RecurrentPPO"),
    ("sb3_contrib.trpo.trpo", "TRPO"),
)
"""Classes of libraries, by their modules, that take settings as keyword arguments."""
FIELD = re.compile(r"^\s+([a-z]\w*)\s*:\s*[\w\[\]|., ]+?=", re.MULTILINE)


def with_changes(command: Sequence[str], changes: Mapping[str, Any]) -> list[str]:
    """The command with these settings: in place where it names them already, behind it where it does not.

    `{name}` anywhere in the command is replaced by the value; `--name value`, `--name=value` and `name=value` get the
    new one; what is not there yet is added as `--name value`. Dashes and underscores in a name are the same.
    """
    words = list(command)
    flags = {name: changes[name] for name in changes if name not in keywords_of(command, list(changes))}
    for name, value in flags.items():
        words = _with_one(words, name, as_text(value))
    return words


def keywords_of(command: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Those of the names that a library's trainer is to be given as keyword arguments, with the argument's name.

    They are the names written `PPO.learning_rate`, and those for which a script that uses such a library has no flag
    of its own.
    """
    _, text = _script(command)
    library = any(module.partition(".")[0] in text for module, _ in TRAINERS)
    known, found = _flags(text), {}
    for name in names:
        trainer, dot, argument = name.partition(".")
        if dot and any(trainer == one for _, one in TRAINERS):
            found[name] = argument.replace("-", "_")
        elif library and not _named(command, name) and name.lstrip("-").replace("_", "-") not in known:
            found[name] = name.replace("-", "_")
    return found


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
    script, text = _script(command)
    known = _flags(text)
    keywords = keywords_of(command, names)
    for name in (name for name in names if name not in keywords):
        wanted = name.lstrip("-").replace("_", "-")
        if known and wanted not in known and not _named(command, name):
            near = difflib.get_close_matches(wanted, known, n=2, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            return f"{script} does not seem to have a flag --{name}{hint}"
    return ""


def _script(command: Sequence[str]) -> tuple[Path | None, str]:
    """The file of a command's script, and its text."""
    script = next((Path(word) for word in command if word.endswith(".py")), None)
    try:
        return script, script.read_text(encoding="utf-8", errors="replace") if script is not None else ""
    except OSError:
        return script, ""


def _flags(text: str) -> list[str]:
    return sorted({found.replace("_", "-") for found in (*OPTION.findall(text), *FIELD.findall(text))})


def _named(command: Sequence[str], name: str) -> bool:
    """Does the command itself hold this setting?"""
    return any("{" + name + "}" in word or _same(word.partition("=")[0], name) for word in command)
