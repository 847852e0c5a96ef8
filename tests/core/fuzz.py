"""Random shapes and options through the whole core, for a sanitizer to watch: core/sanitize.sh builds and runs it.

python tests/core/fuzz.py [SECONDS] [SEED]
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS, Learner, NotFinite, Spec, _core, train_together


def drawn(rng: np.random.Generator, **fixed) -> PPOConfig:
    """Settings that exist, of sizes around every boundary of the vector code."""
    envs, steps = int(rng.choice([1, 2, 3, 7, 16, 17, 64, 130])), int(rng.choice([2, 3, 5, 16, 33]))
    divisors = [n for n in range(1, envs * steps // 2 + 1) if envs * steps % n == 0]
    return PPOConfig(
        num_envs=envs,
        rollout_steps=steps,
        minibatches=int(rng.choice(divisors)),
        epochs=int(rng.integers(1, 4)),
        hidden_sizes=tuple(int(n) for n in rng.choice([1, 3, 15, 16, 17, 33, 64, 65, 600], rng.integers(1, 5))),
        activation=str(rng.choice(["tanh", "relu"])),
        normalise_advantages=str(rng.choice(["minibatch", "batch", "off"])),
        normalise_observations=bool(rng.integers(2)),
        normalise_rewards=bool(rng.integers(2)),
        learning_rate_schedule=str(rng.choice(["constant", "linear", "kl_adaptive"])),
        target_kl=float(rng.choice([0.001, 0.02])),
        clip_range_value=float(rng.choice([0.0, 0.2])),
        entropy_coefficient=float(rng.choice([0.0, 0.01])),
        max_grad_norm=float(rng.choice([0.0, 0.5])),
        n_step=int(rng.choice([0, 1, 4, 100])),
        advantage_smoothing=int(rng.choice([1, 3, 9])),
        orthogonal_init=bool(rng.integers(2)),
        seed=int(rng.integers(2**31)),
        **fixed,
    )


def outside(rng: np.random.Generator) -> None:
    """A learner on arrays from elsewhere: masks, endings, rows of resets, now and then a number that is none."""
    inputs = int(rng.choice([1, 3, 16, 17, 50]))
    box = rng.random() < 0.4
    spec = (
        Spec(inputs, (), int(rng.integers(1, 20)))
        if box
        else Spec(inputs, tuple(int(n) for n in rng.integers(1, 9, rng.integers(1, 6))))
    )
    config = drawn(rng)
    learner, n = Learner(config, spec), config.num_envs
    learner.core.keep = bool(rng.integers(2))
    learner.start(rng.standard_normal((n, inputs)).astype(np.float32))
    masked = not box and rng.random() < 0.5
    bad = rng.random() < 0.1
    try:
        for _ in range(3):
            while not learner.core.full:
                mask = rng.random((n, sum(spec.choices))) < 0.7 if masked else None
                learner.act(mask)  # a row may forbid everything: then anything may happen, but nothing may break
                ends = rng.random((2, n)) < 0.1
                observation = rng.standard_normal((n, inputs)).astype(np.float32)
                if bad and rng.random() < 0.05:
                    observation[rng.integers(n), rng.integers(inputs)] = rng.choice([np.nan, np.inf, 3e38])
                reward = (10.0 ** rng.integers(-3, 6) * rng.standard_normal(n)).astype(np.float32)
                learner.observe(observation, reward, tuple(ends), observation, rng.random(n) > 0.05)
            learner.update()
            learner.core.kept()
            learner.predict(observation, deterministic=bool(rng.integers(2)))
        learner.restore(learner.state())
        learner.records(), learner.episodes()
    except NotFinite:
        pass
    except (RuntimeError, ValueError) as error:  # a small rollout may hold nothing but rows of resets
        if "no valid row" not in str(error):
            raise


def inside(rng: np.random.Generator) -> None:
    """Several members on native tasks, on threads."""
    members = []
    for _ in range(int(rng.integers(1, 5))):
        task = str(rng.choice(list(TASKS)))
        members.append(Learner(drawn(rng), TASKS[task].spec))
        members[-1].attach(task)
        members[-1].core.keep = bool(rng.integers(2))
    train_together(members, 3, int(rng.integers(1, 4)))
    for member in members:
        assert all(np.isfinite(value).all() for value in member.tensors().values())
        updates, episodes = (text.splitlines() for text in member.lines(0.0, 1.0))
        assert [json.loads(line)["update"] for line in updates] == [1, 2, 3]
        assert len([json.loads(line) for line in episodes]) == len(member.episodes())
        assert len(member.records()) == 3
        member.core.kept(), member.core.views(), member.restore(member.state())


def main(seconds: float, seed: int) -> None:
    names, began, count = _core.instruction_sets(), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        rng = np.random.default_rng([seed, count])
        _core.use(str(rng.choice(names)))
        try:
            (outside if rng.random() < 0.7 else inside)(rng)
        except BaseException:
            print(f"case {count} of seed {seed}")
            raise
        count += 1
    print(f"{count} cases of seed {seed} in {_core.__file__}, instruction sets {', '.join(names)}: clean")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
