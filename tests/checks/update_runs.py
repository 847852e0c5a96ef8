"""Runs whose minibatches hold real graphs: a loss of tests/watching is trained on the steps of a made run.

The networks move between the minibatches, the old log-probabilities stay those of the rollout, and the advantages are
what the recorded rewards give, so that a right loss looks right in every respect.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from scenarios import CARTPOLE, PENDULUM, SCRIPT, Scenario, steady
from torch import nn
from watching.losses import ACTIONS, OBS, Data, data

from ppodoctor.measures.direction import reward_to_go
from ppodoctor.measures.reading import read_minibatch
from ppodoctor.records import OptimizerFacts, ParameterFacts, Setting, Site, SpaceFacts
from ppodoctor.specimens import MinibatchSpecimen, RolloutSpecimen
from ppodoctor.watching.layer_calls import LayerCalls
from ppodoctor.watching.loss_graph import GraphReader
from ppodoctor.watching.parameters import Parameters
from ppodoctor.watching.sites import frame_sites
from ppodoctor.watching.trace import Trace

Loss = Callable[[Data], Any]
BATCH, EACH, LIMIT = 32, 6, 0.05
BOX = frozenset({"gaussian", "own_gaussian", "multivariate", "not_summed", "minus_log_prob_entropy"})
"""Losses of tests/watching/losses.py that use the continuous actions."""

DISCRETE_TASK = replace(CARTPOLE, env=replace(CARTPOLE.env, action=SpaceFacts("Discrete", (), n=ACTIONS)))
BOX_TASK = replace(
    CARTPOLE,
    env=replace(
        CARTPOLE.env, action=SpaceFacts("Box", (ACTIONS,), low=PENDULUM.env.action.low * 3, high=(2.0,) * ACTIONS)
    ),
    curves={"entropy": (4.0, 2.0), "entropy_share": None, "action_std": (1.0, 0.5)},
)


@dataclass(frozen=True)
class Loop:
    """How the script around the loss is written; the defaults are right."""

    zero_grad: bool = True
    accumulate: int = 1  # backward calls for each optimizer step
    clip: str = "all"  # all, each (network by a call of its own), critic, late (after the step) or none
    move: bool = True  # are the networks moved by the steps?
    wrong_old: float = 0.0  # noise on the stored log-probabilities


DEFAULT = Loop()


@cache
def trained(loss: Loss, loop: Loop = DEFAULT, *, box: bool | None = None) -> Scenario:
    """A run of the loss. `box`: on continuous actions (by default, when the loss's name is in BOX)."""
    uses_box = loss.__name__ in BOX if box is None else box
    scenario = made_steps(uses_box)
    trainer = Trainer(loss, loop)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of some of the faults
        for rollout in scenario.run.rollouts:
            trainer.update(rollout, uses_box)
    run = replace(
        scenario.run,
        minibatches=tuple(trainer.minibatches),
        parameters=tuple(trainer.parameter_facts()),
        optimizers=(trainer.optimizer_facts(),),
        settings={**scenario.run.settings, **trainer.settings()},
    )
    return Scenario(run, tuple(read_minibatch(m) for m in run.minibatches))


@cache
def made_steps(uses_box: bool) -> Scenario:
    """A healthy run with rollouts of the kind of actions that the loss needs, rewarded for their first component."""
    scenario = steady(BOX_TASK if uses_box else DISCRETE_TASK)
    return scenario.but(rollouts=tuple(_rewarded(r, uses_box) for r in scenario.run.rollouts))


def _rewarded(rollout: RolloutSpecimen, uses_box: bool) -> RolloutSpecimen:
    rng = np.random.default_rng(rollout.update)
    action = rng.standard_normal((*rollout.reward.shape, ACTIONS)).astype(np.float32) if uses_box else rollout.action
    reward = 1.0 + rollout.obs[..., 0] + 0.1 * (action[..., 0] if uses_box else action)
    return replace(rollout, action=action, reward=reward, raw_reward=reward.copy())


class Trainer:
    """Trains on one rollout after another and records what the watch would."""

    def __init__(self, loss: Loss, loop: Loop) -> None:
        self.loss, self.loop = loss, loop
        self.batch = data(3)
        self.numbers = Parameters(torch)
        self.minibatches: list[MinibatchSpecimen] = []
        self.version, self.stepped = 0, -1
        self.moved = [False] * 9
        self.owned = [*self.batch.policy.parameters(), *self.batch.critic.parameters(), self.batch.log_std]
        for parameter in self.owned:
            self.numbers.number(parameter)
        self.optimizer = torch.optim.SGD(self.owned, lr=0.05 if loop.move else 0.0)

    def update(self, rollout: RolloutSpecimen, uses_box: bool) -> None:
        """One update: EACH minibatches of the rollout in a shuffled order."""
        rows = torch.from_numpy(np.random.default_rng(rollout.update).permutation(rollout.reward.size))
        whole = self.whole(rollout, uses_box)
        for index in range(EACH):
            chosen = rows[index * BATCH : (index + 1) * BATCH]
            part = replace(whole, **{name: getattr(whole, name)[chosen] for name in _SAMPLES})
            advantage = part.advantage
            part.advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            self.minibatch((rollout.update, index), part)

    def whole(self, rollout: RolloutSpecimen, uses_box: bool) -> Data:
        """All samples of a rollout, with the log-probabilities that the present policy gives them."""
        obs = torch.from_numpy(np.asarray(rollout.obs, np.float32).reshape(-1, OBS))
        size = len(obs)
        action = torch.from_numpy(np.asarray(rollout.action).reshape(size, -1))
        gain = torch.from_numpy(reward_to_go(rollout, 0.97).astype(np.float32).reshape(-1))
        made = replace(
            self.batch,
            obs=obs,
            index=torch.zeros(size, dtype=torch.int64) if uses_box else action[:, 0].long(),
            box=action.float() if uses_box else torch.zeros(size, ACTIONS),
            advantage=gain,
            target=gain / 10,
        )
        with torch.no_grad():
            noise = self.loop.wrong_old * torch.randn(size, generator=torch.Generator().manual_seed(1))
            made.old = made.dist().log_prob(made.index) + noise
            made.old_each = made.normal().log_prob(made.box)
            made.old_box = made.old_each.sum(-1) + noise
        return made

    def minibatch(self, numbers: tuple[int, int], part: Data) -> None:
        """Read the loss's graph, then do what the script does with it."""
        facts: dict[str, Any] = {"steps_before": self.version, "fresh_step": self.version != self.stepped}
        self.stepped = self.version
        held = [p.grad for p in self.owned if p.grad is not None]
        if held:
            facts["stale_norm"] = _norm(held)
        loss, graph = self.read(part, traced=not self.minibatches)
        step = numbers[0] * 256
        self.minibatches.append(MinibatchSpecimen(*numbers, self.version, step, graph, loss.item(), facts))
        loss.backward()
        if len(self.minibatches) % self.loop.accumulate == 0:
            self.step(facts)

    def step(self, facts: dict[str, Any]) -> None:
        """Clip, step, zero; what the watch sees of it goes into the last minibatch's facts."""
        self.clip(facts)
        facts["step_grad_norm"] = _norm([p.grad for p in self.owned if p.grad is not None])
        before = [p.detach().clone() for p in self.owned]
        self.optimizer.step()
        changes = [p.detach() - old for p, old in zip(self.owned, before, strict=True)]
        self.moved = [known or bool(c.any()) for known, c in zip(self.moved, changes, strict=True)]
        facts["update_size"] = _norm(changes) / _norm(before)
        if self.loop.zero_grad:
            self.optimizer.zero_grad()
        self.version += 1

    def read(self, part: Data, *, traced: bool) -> tuple[torch.Tensor, Any]:
        layers = LayerCalls(torch, lambda: (0, 0), lambda: 0)
        trace = Trace(torch, lambda: frame_sites(skip=2))
        if traced:
            trace.start()
        loss = self.loss(part)
        trace.stop()
        return loss, GraphReader(torch, self.numbers.number, layers.module_of, trace).read((loss,), full=True)

    def clip(self, facts: dict[str, Any]) -> None:
        critic = list(self.batch.critic.parameters())
        calls = {"all": [self.owned], "critic": [critic], "each": [list(self.batch.policy.parameters()), critic]}
        for given in calls.get(self.loop.clip, ()):
            facts["grad_norm"], facts["clip_limit"] = float(nn.utils.clip_grad_norm_(given, LIMIT)), LIMIT
            facts["clip_calls"] = facts.get("clip_calls", 0) + 1
            facts["clipped_parameters"] = facts.get("clipped_parameters", []) + [self.numbers.number(p) for p in given]

    def settings(self) -> dict[str, Setting]:
        """What the watch would have seen of the script's settings."""
        return {} if self.loop.clip == "none" else {"max_grad_norm": Setting(LIMIT, Site(SCRIPT, 60))}

    def parameter_facts(self) -> list[ParameterFacts]:
        roles = ["policy"] * 4 + ["value"] * 4 + ["policy"]
        return [
            ParameterFacts(k, f"param{k}", "Linear", tuple(p.shape), True, (0,), role, True, moved)
            for k, (p, role, moved) in enumerate(zip(self.owned, roles, self.moved, strict=True))
        ]

    def optimizer_facts(self) -> OptimizerFacts:
        group = {"lr": 0.05, "parameters": list(range(len(self.owned)))}
        return OptimizerFacts(0, "SGD", Site(SCRIPT, 20), [group], self.version)


_SAMPLES = ("obs", "index", "box", "old", "old_box", "old_each", "advantage", "target")


def _norm(tensors: list[torch.Tensor]) -> float:
    return float(torch.stack([t.norm() for t in tensors]).norm())
