"""What a run was started with, as far as it can be written down: enough to make the same again, or to say what not."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from importlib import import_module, metadata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.envs import EnvOptions

WATCHED = ("numpy", "torch", "gymnasium", "ppodoctor")
"""Packages whose version decides the last bits."""


def origin_of(
    environment: Any, config: PPOConfig, options: EnvOptions, actor_critic: Any, *, how: str = ""
) -> dict[str, Any]:
    """JSON-ready: environment and network by name (empty where they have none), options, settings, versions.

    `how` the environments are stepped decides by which door a run is gone on with: inside of the core, or in Python.
    """
    return {
        "environment": environment if isinstance(environment, str) else name_in_module(environment),
        "options": _plain(asdict(options)),
        "stepped": "core" if how == "core" else "python",
        "config": config.to_dict(),
        "network": name_in_module(actor_critic) if actor_critic is not None else None,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of everything that decides the last bits."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in WATCHED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def differences(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """What is another version than it was, in words."""
    return [
        f"{name} was {then.get(name, 'not there')} and is {now.get(name, 'not there')}"
        for name in {**then, **now}
        if then.get(name) != now.get(name)
    ]


def name_in_module(thing: Any) -> str:
    """The name under which `find_named` has a class or function again; empty for one made inside of another.

    One from a file of its own is named by that file, so that it is found from anywhere; one of a package by its module.
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "<locals>")
    if module is None or "<" in name:
        return ""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    if "." not in module and file.endswith(".py"):
        return f"{Path(file).resolve()}:{name}"
    return "" if module == "__main__" else f"{module}:{name}"


def find_named(name: str) -> Any:
    """The class or function behind `module:name` or `file.py:name`, looked for where one stands. Raises ConfigError."""
    module, _, attribute = name.rpartition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = _from_file(Path(module)) if module.endswith(".py") else import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError, OSError) as error:
        raise ConfigError(
            f"{name} cannot be found: {error}. A name like my_nets:MyNet or my_nets.py:MyNet was expected"
        ) from None
    return found


def _from_file(path: Path) -> Any:
    """The module in a file, under the file's own name, with its folder at hand for what it imports."""
    path = path.expanduser().resolve()
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    if known is None:
        sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _plain(options: dict[str, Any]) -> dict[str, Any] | None:
    """The options, where they are JSON."""
    try:
        found: dict[str, Any] = json.loads(json.dumps(options))
    except (TypeError, ValueError):
        return None
    return found
