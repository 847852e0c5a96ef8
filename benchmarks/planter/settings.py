"""Changing one setting of a script, wherever and in whatever form the script keeps it."""

from __future__ import annotations

import ast
from collections.abc import Callable

from .source import PlantError, Source, Spot

# What scripts call a setting, under the neutral name that the faults use.
SPELLINGS = {
    "learning_rate": ("learning_rate", "lr", "pi_lr", "actor_lr"),
    "gamma": ("gamma", "discount"),
    "gae_lambda": ("gae_lambda", "lam", "lambda", "lmbda", "lambda_"),
    "clip_range": ("clip_range", "clip_coef", "eps_clip", "clip_eps", "clip_ratio", "clip", "clip_param", "epsilon"),
    "epochs": ("epochs", "k_epochs", "n_epochs", "train_pi_iters", "update_epochs", "ppo_epochs"),
    "entropy_coefficient": ("ent_coef", "entropy_weight", "entropy_beta", "entropy_coef", "entropy_bonus"),
    "value_coefficient": ("vf_coef", "value_coef", "critic_weight"),
    "max_grad_norm": ("max_grad_norm", "grad_clip"),
    "target_kl": ("target_kl",),
}


def set_value(source: Source, setting: str, value: float, *, relative: bool = False) -> None:
    """Gives a setting another value.

    Args:
        source: the script, edited in place.
        setting: a neutral name, a key of `SPELLINGS`.
        value: the new value, or the factor on the old one when `relative`.
        relative: whether `value` multiplies what stands there.

    Raises:
        PlantError: the script has no constant under any spelling of this setting.
    """
    spot = _constant(source, SPELLINGS[setting])
    old = ast.literal_eval(spot.node)
    new = old * value if relative else value
    if new == old:
        raise PlantError(f"{setting} is {old!r} already")
    source.swap(spot, repr(type(old)(new)))


def _constant(source: Source, spellings: tuple[str, ...]) -> Spot:
    for file, text in source.files.items():
        for node in ast.walk(ast.parse(text)):
            for name, value in _settings_at(node):
                if name.lower() in spellings and _is_number(value):
                    return Spot(file, value)
    raise PlantError(f"no constant called {' or '.join(spellings)} in {', '.join(source.files)}")


def _settings_at(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """Name and value pairs that a node sets: assignments, fields, parameter defaults, flags, keywords."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        return [(name, node.value)]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(getattr(node.target, "id", ""), node.value)]
    if isinstance(node, ast.arguments):
        named = node.args[len(node.args) - len(node.defaults) :]
        pairs = list(zip(named, node.defaults, strict=True))
        pairs += [(arg, d) for arg, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None]
        return [(arg.arg, default) for arg, default in pairs]
    if isinstance(node, ast.Dict):
        return [(str(k.value), v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)]
    if isinstance(node, ast.Call):
        return _flag(node) + [(keyword.arg or "", keyword.value) for keyword in node.keywords]
    return []


def _flag(call: ast.Call) -> list[tuple[str, ast.expr]]:
    flags = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    defaults = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    return [(flag.lstrip("-").replace("-", "_"), value) for flag in flags for value in defaults]


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def setting(name: str, value: float, *, relative: bool = False) -> Callable[[Source], None]:
    """A plant that gives one setting another value; see `set_value`."""

    def plant(source: Source) -> None:
        set_value(source, name, value, relative=relative)

    return plant
