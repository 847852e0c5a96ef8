"""What the user means: a registered id, a class in a module or in a file, a callable; and help where there is none."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from ppodoctor.training.envs.api import EnvironmentFault

EXTRAS = {
    "box2d": ('pip install swig "gymnasium[box2d]"', ("box2d", "_box2d")),
    "mujoco": ('pip install "gymnasium[mujoco]"', ("mujoco", "mujoco_py", "imageio", "glfw")),
    "atari": ("pip install ale-py", ("ale_py",)),
    "jax": ('pip install "gymnasium[jax]"', ("jax", "jaxlib")),
    "pygame": ('pip install "gymnasium[classic-control]"', ("pygame",)),
    "opencv": ("pip install opencv-python-headless", ("cv2",)),
}
"""Command to install, and the modules that it brings."""
FAMILIES = {
    "ale/": ("ale_py", "pip install ale-py"),
    "minigrid": ("minigrid", "pip install minigrid"),
    "babyai": ("minigrid", "pip install minigrid"),
    "miniworld": ("miniworld", "pip install miniworld"),
    "procgen": ("procgen", "pip install procgen"),
    "highway": ("highway_env", "pip install highway-env"),
    "fetch": ("gymnasium_robotics", "pip install gymnasium-robotics"),
    "antmaze": ("gymnasium_robotics", "pip install gymnasium-robotics"),
    "vizdoom": ("vizdoom", "pip install vizdoom"),
    "craftax": ("craftax", "pip install craftax"),
}
"""Beginnings of ids that another package registers, the module to import for it, and how to get it."""


@dataclass(frozen=True)
class Maker:
    """Makes one environment; found again by name in another process, so that no class has to be pickled."""

    target: Any
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    wrappers: tuple[Any, ...] = ()
    max_episode_steps: int | None = None

    def __call__(self) -> Any:
        env = self._inner()
        for wrapper in self.wrappers:
            env = wrapper(env)
        return env

    def _inner(self) -> Any:
        found = find(self.target)
        name = describe(self.target)
        try:
            if isinstance(found, EnvSpec):
                limit = {} if self.max_episode_steps is None else {"max_episode_steps": self.max_episode_steps}
                return gym.make(found, disable_env_checker=True, **limit, **self.kwargs)
            env = found(**self.kwargs)
        except (ImportError, gym.error.DependencyNotInstalled) as error:
            raise missing(name, error) from error
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise EnvironmentFault(
                    f"{name} could not be called with {dict(self.kwargs) or 'no arguments'}: {error}. Give its "
                    "arguments as keywords, or defaults in its __init__."
                ) from error
            raise
        if self.max_episode_steps is not None:
            env = gym.wrappers.TimeLimit(as_env(env), self.max_episode_steps)
        return env


def describe(target: Any) -> str:
    """The target in a few words, for messages."""
    if isinstance(target, str):
        return target
    return str(getattr(target, "id", None) or getattr(target, "__qualname__", None) or type(target).__name__)


def find(target: Any) -> Any:
    """An EnvSpec or a callable that makes one environment; raises EnvironmentFault with the nearest names."""
    if isinstance(target, EnvSpec) or callable(target):
        return target
    if not isinstance(target, str):
        raise EnvironmentFault(
            f"The environment was given as {type(target).__name__}. Expected an id such as CartPole-v1, "
            "`module:Class`, `path/to/file.py:Class`, a class or function that makes one, or a vector environment. A "
            "single environment object cannot be multiplied: give its class."
        )
    where, colon, name = target.rpartition(":")
    if colon and where.endswith(".py"):
        return _attribute(_from_file(Path(where).expanduser()), name, where)
    if colon:
        module = _imported(where, target)
        if target not in gym.registry and name not in gym.registry:
            return _attribute(module, name, where)
        return gym.spec(name)
    if target.endswith(".py"):
        raise EnvironmentFault(
            f"{target} is a file without a class. Write {target}:ClassName{_classes_in(_from_file(Path(target)))}."
        )
    return _registered(target)


def _registered(name: str) -> EnvSpec:
    """The registered id, after importing the package that its name belongs to."""
    if name not in gym.registry:
        for beginning, (module, command) in FAMILIES.items():
            if name.lower().startswith(beginning) and _register(module, name, command):
                break
    if name in gym.registry:
        return gym.spec(name)
    if "NoFrameskip" in name or name.partition("-")[0] in _atari_names():
        if importlib.util.find_spec("ale_py") is None:
            raise EnvironmentFault(f"{name} is an Atari game and ale-py is not installed: pip install ale-py.")
        _register("ale_py", name, "")
        if name in gym.registry:
            return gym.spec(name)
    known = list(gym.registry)
    lower = {one.lower(): one for one in known}
    near = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, 3, 0.5)]
    versions = [one for one in known if one.rpartition("-v")[0].lower() == name.rpartition("-v")[0].lower()]
    nearest = ", ".join(dict.fromkeys([*versions, *near])) or "none"
    raise EnvironmentFault(
        f"No environment {name!r} is registered; nearest: {nearest}. If it comes from a package, write "
        "`package:Id`, so that the package is imported first; your own class is `module:Class` or `file.py:Class`."
    )


def _atari_names() -> tuple[str, ...]:
    return ("Pong", "Breakout", "SpaceInvaders", "Seaquest", "BeamRider", "Qbert", "MsPacman", "Enduro")


def _register(module: str, name: str, command: str) -> bool:
    if importlib.util.find_spec(module) is None:
        raise EnvironmentFault(f"{name} is registered by the package {module}, which is not installed: {command}.")
    gym.register_envs(importlib.import_module(module))
    return True


def _imported(module: str, target: str) -> Any:
    folder = str(Path.cwd())
    if folder not in sys.path:  # as `python script.py` started here would see it
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and not (module == error.name or module.startswith(error.name + ".")):
            raise missing(target, error) from error
        raise EnvironmentFault(
            f"{target} names the module {module}, which is neither installed nor in {folder}. Start in the folder that "
            "holds it, or name the file: path/to/file.py:Class."
        ) from error


def _from_file(path: Path) -> Any:
    """The module of a file, loaded once under a name of its own, with its folder on the path as for a script."""
    if not path.is_file():
        raise EnvironmentFault(f"There is no file {path} (from {Path.cwd()}). Expected path/to/file.py:Class.")
    path = path.resolve()
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path):
            return module
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise EnvironmentFault(f"{path} cannot be read as a Python module.")
    module = importlib.util.module_from_spec(spec)
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_{abs(hash(str(path)))}"
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        del sys.modules[name]
        raise missing(str(path), error) from error
    return module


def _attribute(module: Any, name: str, where: str) -> Any:
    found = getattr(module, name, None)
    if found is None:
        raise EnvironmentFault(f"{where} has no {name}{_classes_in(module)}.")
    if not callable(found):
        raise EnvironmentFault(
            f"{where}:{name} is a {type(found).__name__}. Expected a class, or a function that makes an environment."
        )
    return found


def _classes_in(module: Any) -> str:
    """The classes in a module that look like environments."""
    own = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and hasattr(value, "step") and value.__module__ == module.__name__
    ]
    return f"; environments there: {', '.join(own)}" if own else ""


def missing(name: str, error: Exception) -> EnvironmentFault:
    """The command that installs what is missing."""
    text = str(error).rstrip(".")
    if "gymnasium-robotics" in text:
        newer = sorted(one for one in gym.registry if one.rpartition("-v")[0] == name.rpartition("-v")[0])
        return EnvironmentFault(
            f"{name} is an old version that gymnasium gave away. Take {newer[-1]}, or pip install gymnasium-robotics."
        )
    seen = text.partition(", ")[0]  # what follows is gymnasium's own advice
    module = (getattr(error, "name", None) or "").partition(".")[0]
    for command, modules in EXTRAS.values():
        if module.lower() in modules or any(one in text.lower() for one in modules):
            return EnvironmentFault(f"{name} needs what is not installed here ({seen}): {command}")
    return EnvironmentFault(f"{name} could not be made: {text}. Install what it needs, then start again.")


def as_env(env: Any) -> gym.Env[Any, Any]:
    """The environment as a gymnasium.Env, so that wrappers take it; one that inherits from nothing is wrapped."""
    return env if isinstance(env, gym.Env) else Plain(env)


class Plain(gym.Env[Any, Any]):
    """An environment of a class that inherits from nothing, as a gymnasium.Env."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.observation_space, self.action_space = inner.observation_space, inner.action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self.inner.reset(seed=seed)  # type: ignore[no-any-return]

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        return self.inner.step(action)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        if name in ("inner", "action_masks") and "inner" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.inner, name)
