"""The correct scripts that faults are planted in, what each of them has, and which half of the study it is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .source import Source

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Script:
    """A correct script.

    Attributes:
        name: file name without its ending, or folder name.
        style: the habit it stands for.
        traits: what faults may ask for: `discrete` or `box`, `one_dim` or `several_dims`, `gae` or
            `monte_carlo`, `entropy`, `normalises`, `clips_gradient`, `vector` or `single_env`, `own_loop` (the
            training loop is in the script, not in a library), `time_limit` (episodes end by it), `dies`.
        heldout: whether no threshold was set with a look at it.
        arguments: command line that names the script's usual task.
        requires: an import that it needs beside torch and gymnasium.
    """

    name: str
    style: str
    traits: frozenset[str]
    heldout: bool = False
    arguments: tuple[str, ...] = ()
    requires: str = ""

    @property
    def entry(self) -> tuple[str, ...]:
        """The arguments of `python` that run it from the folder its files are in."""
        return ("-m", self.name) if (EXAMPLES / self.name).is_dir() else (f"{self.name}.py",)

    def source(self) -> Source:
        """A fresh working copy of its text."""
        folder = EXAMPLES / self.name
        return Source.read(folder if folder.is_dir() else folder.with_suffix(".py"))


def _traits(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CARTPOLE = "discrete dies time_limit "

SCRIPTS = {
    script.name: script
    for script in [
        Script(
            "cartpole_vector",
            "one file, module level, vector environment",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient vector own_loop distributions"),
        ),
        Script(
            "class_agent",
            "class around one environment, Monte-Carlo returns",
            _traits(_CARTPOLE + "monte_carlo entropy normalises single_env own_loop distributions"),
        ),
        Script(
            "own_softmax",
            "own probability arithmetic, discrete",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient single_env own_loop shared_trunk"),
        ),
        Script(
            "two_optimizers",
            "two optimizers, two backward passes, early stop on KL",
            _traits(_CARTPOLE + "gae normalises single_env own_loop distributions two_optimizers"),
        ),
        Script(
            "sb3_cartpole",
            "Stable-Baselines3",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient vector library"),
            requires="stable_baselines3",
        ),
    ]
}
