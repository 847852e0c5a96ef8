"""The correct scripts that faults are planted in, what each of them has, and which half of the study it is in."""

from __future__ import annotations

import sys
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
        traits: what faults may ask for: `discrete` or `box`; `several_dims` of the action; `gae` or `monte_carlo`;
            `entropy` bonus; `normalises` advantages; `clips_gradient`; `vector` or `single_env`; `own_loop`, the
            training loop is in the script and not in a library; `distributions` of torch; `log_std`, a free
            parameter; `shared_trunk`; `two_optimizers`; `recurrent`; `own_environment`, which inherits from nothing;
            `time_limit`, episodes can be cut by it; `dies`, episodes can end before.
        heldout: whether no threshold was set with a look at it.
        fresh: whether it, with its faults, was written by somebody who did not see the checks, and is held out from
            mending as well: what is wrong with its cases was not looked at when the program last changed.
        arguments: command line that names the script's usual task.
        updates: policy updates after which it has clearly learned.
        requires: an import that it needs beside torch and gymnasium.
        exact_updates: policy updates for which it is watched where all faults are exact.
        short: arguments for a run of a few updates.
    """

    name: str
    style: str
    traits: frozenset[str]
    updates: int
    heldout: bool = False
    fresh: bool = False
    arguments: tuple[str, ...] = ()
    requires: str = ""
    exact_updates: int = 6
    short: tuple[str, ...] = ("--total-steps", "4200")

    @property
    def entry(self) -> tuple[str, ...]:
        """The arguments of `python` that run it from the folder its files are in."""
        return ("-m", self.name) if (EXAMPLES / self.name).is_dir() else (f"{self.name}.py",)

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """Environment variables that it needs: none."""
        return ()

    def command(self, seed: int) -> list[str]:
        """The command that runs it from the folder its files are in."""
        return [sys.executable, *self.entry, *self.arguments, "--seed", str(seed)]

    def identity(self) -> tuple[str, ...]:
        """What decides what it does, beside its files."""
        return (str(self.entry), str(self.arguments))

    def prepare(self, folder: Path) -> Path:
        """Where to run it: all its files are planted ones."""
        return folder

    def place_of(self, name: str) -> Path:
        """Where a planted file goes, below the folder."""
        return Path(name)

    def source(self) -> Source:
        """A fresh working copy of its text."""
        folder = EXAMPLES / self.name
        return Source.read(folder if folder.is_dir() else folder.with_suffix(".py"))


def _traits(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CARTPOLE = "discrete dies time_limit "
_PENDULUM = "box time_limit "
_SEVERAL = "discrete several_dims dies time_limit "

SCRIPTS = {
    script.name: script
    for script in [
        Script(
            "cartpole_vector",
            "one file, module level, vector environment",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient vector own_loop distributions"),
            updates=60,
        ),
        Script(
            "class_agent",
            "class around one environment, Monte-Carlo returns",
            _traits(_CARTPOLE + "monte_carlo entropy normalises single_env own_loop distributions"),
            updates=14,
        ),
        Script(
            "own_softmax",
            "own probability arithmetic, discrete",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient single_env own_loop shared_trunk"),
            updates=50,
        ),
        Script(
            "two_optimizers",
            "two optimizers, two backward passes, early stop on KL",
            _traits(_CARTPOLE + "gae normalises single_env own_loop distributions two_optimizers"),
            updates=20,
        ),
        Script(
            "pendulum_notebook",
            "notebook export, module-level loops and globals, continuous",
            _traits(_PENDULUM + "gae entropy normalises clips_gradient own_loop distributions log_std"),
            updates=70,
        ),
        Script(
            "vector_continuous",
            "vector environment with normalising wrappers, free log_std",
            _traits(_PENDULUM + "gae normalises clips_gradient vector own_loop distributions log_std"),
            updates=80,
        ),
        Script(
            "drone_multidiscrete",
            "two discrete choices a step, one environment",
            _traits(_SEVERAL + "gae entropy normalises clips_gradient single_env own_loop distributions shared_trunk"),
            updates=25,
        ),
        Script(
            "sb3_cartpole",
            "Stable-Baselines3",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient vector library"),
            updates=40,
            requires="stable_baselines3",
        ),
        Script(
            "own_gaussian",
            "own Gaussian density, spread from the network",
            _traits(_PENDULUM + "gae entropy normalises clips_gradient own_loop"),
            updates=90,
            heldout=True,
        ),
        Script(
            "recurrent_gru",
            "recurrent",
            _traits(_CARTPOLE + "gae entropy normalises clips_gradient own_loop distributions shared_trunk recurrent"),
            updates=40,
            heldout=True,
        ),
        Script(
            "docking",
            "package of several modules, environment that inherits from nothing",
            _traits(
                "discrete dies time_limit own_environment "
                "gae entropy normalises clips_gradient own_loop distributions shared_trunk"
            ),
            updates=45,
            heldout=True,
        ),
        Script(
            "reach_functional",
            "functional style, three action dimensions",
            _traits("box several_dims dies time_limit gae entropy normalises clips_gradient own_loop distributions"),
            updates=30,
            heldout=True,
        ),
        Script(
            "beta_buffer",
            "Beta policy, trainer class with a rollout buffer of tensors, list of environments",
            _traits("box several_dims dies time_limit gae entropy normalises clips_gradient own_loop distributions"),
            updates=100,
            heldout=True,
            short=("--updates", "2"),
        ),
        Script(
            "spin_epochs",
            "Spinning Up: paths in numpy, full-batch iterations, two optimizers, early stop on KL",
            _traits(_CARTPOLE + "gae normalises clips_gradient single_env own_loop distributions two_optimizers"),
            updates=40,
            heldout=True,
            exact_updates=12,
            short=("--epochs", "2"),
        ),
        Script(
            "pixel_catch",
            "convolutional network on pictures, a function for each phase, time limits made up for in the rewards",
            _traits(
                "discrete dies time_limit "
                "gae entropy normalises clips_gradient vector own_loop distributions shared_trunk"
            ),
            updates=60,
            heldout=True,
            short=("--total-updates", "4"),
        ),
        Script(
            "masked_dict",
            "dictionary observations, masked actions, parameter groups, rollout as a list of dicts, data loader",
            _traits("discrete dies time_limit gae entropy normalises clips_gradient own_loop distributions"),
            updates=130,
            heldout=True,
            short=("--updates", "3"),
        ),
        Script(
            "torch_sim",
            "robotics trainer: batched simulator on tensors, rollout storage, learning rate adapted to the KL",
            _traits(
                "box several_dims dies time_limit own_environment "
                "gae entropy normalises clips_gradient vector own_loop distributions log_std"
            ),
            updates=40,
            heldout=True,
            short=("--max-iterations", "3"),
        ),
        Script(
            "agent_args",
            "single-file trainer of the usual make, with a task, a normaliser and action scaling of one's own",
            _traits(
                "box several_dims dies time_limit "
                "gae entropy normalises clips_gradient vector own_loop distributions log_std shared_trunk"
            ),
            updates=40,
            heldout=True,
            short=("--total-timesteps", "4200"),
        ),
        Script(
            "lstm_chunks",
            "LSTM trained on chunks of sequences, rollout as a dict of numpy arrays, KL penalty beside the clip",
            _traits(
                "discrete dies time_limit own_environment "
                "gae entropy normalises clips_gradient own_loop distributions shared_trunk recurrent"
            ),
            updates=30,
            heldout=True,
            short=("--updates", "3"),
        ),
        Script(
            "student_ppo",
            "student's trainer: act, store, learn; old and new actor, full covariance, returns discounted into a deque",
            _traits(
                "box several_dims dies time_limit monte_carlo entropy normalises clips_gradient single_env own_loop "
                "distributions log_std two_optimizers"
            ),
            updates=16,
            heldout=True,
            short=("--total-steps", "6200"),
        ),
        Script(
            "memory_batches",
            "video-course agent: memory that hands out batches, networks own their optimizers, learns every N steps",
            _traits(
                "discrete dies time_limit gae entropy normalises clips_gradient single_env own_loop distributions "
                "two_optimizers"
            ),
            updates=20,
            fresh=True,
            short=("--total-steps", "4200"),
        ),
        Script(
            "team_shared",
            "team of agents with shared parameters: dictionaries by agent, central critic, [step, env, agent] arrays",
            _traits(
                "discrete dies time_limit own_environment gae entropy normalises clips_gradient own_loop distributions"
            ),
            updates=40,
            fresh=True,
            exact_updates=6,
            short=("--num-updates", "3"),
        ),
        Script(
            "tricks_ppo",
            "package of several modules with a flag for every trick, running normalisation, buffer of numpy arrays",
            _traits(
                "box several_dims dies time_limit gae entropy normalises clips_gradient single_env own_loop "
                "distributions log_std two_optimizers"
            ),
            updates=30,
            fresh=True,
            short=("--max_train_steps", "4200"),
        ),
        Script(
            "mini_library",
            "own small library: policy class with extractors, DummyVecEnv with infos, numpy RolloutBuffer, schedules",
            _traits("discrete dies time_limit gae entropy normalises clips_gradient vector own_loop distributions"),
            updates=20,
            fresh=True,
            exact_updates=6,
            short=("--total-timesteps", "4200"),
        ),
    ]
}
