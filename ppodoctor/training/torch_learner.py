"""Learner by torch and plain autograd, for every network: one host read per rollout and one per update."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ppodoctor.config import PPOConfig
from ppodoctor.training import recurrent
from ppodoctor.training.dense_learner import KL_MARGIN
from ppodoctor.training.distributions import allowed, distribution_of
from ppodoctor.training.learner import Learned, Minibatch, TrainingError, first_bad
from ppodoctor.training.losses import approx_kl, normalised
from ppodoctor.training.networks import ActorCritic
from ppodoctor.training.schedule import Rates
from ppodoctor.training.spaces import ActionFacts
from ppodoctor.training.telemetry import Telemetry
from ppodoctor.training.trajectory import Batch, Flags, Trajectory
from ppodoctor.training.tree import take, tree_map
from ppodoctor.training.update import Loss, Samples, descend, ppo_step_loss

F32 = NDArray[np.float32]


class TorchLearner:
    """Acts and learns with any `nn.Module` that gives parameters of a distribution and values."""

    name = "torch"

    def __init__(
        self, config: PPOConfig, action: ActionFacts, network: Any, device: torch.device, rng: np.random.Generator
    ) -> None:
        self.config, self.action, self.rng, self.device = config, action, rng, device
        self.network = network.to(device)
        self.distribution = distribution_of(action)
        self.parameters = [one for one in self.network.parameters() if one.requires_grad]
        # fused: one kernel for all tensors, 1.2 times as fast on the CPU, too
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.learning_rate, eps=config.adam_epsilon, fused=True)
        self.generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
        self.remembers = isinstance(network, ActorCritic) and network.memory is not None
        self._memory = recurrent.empty_memory(self.network, config.num_envs) if self.remembers else ()
        self._before: recurrent.Memory = ()
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._loss = torch.compile(self._compute) if config.compile else self._compute
        self._steps = 0

    @property
    def version(self) -> int:
        """Optimizer steps taken."""
        return self._steps

    def begin(self, steps: int) -> None:
        """Forget what was seen; remember where the memory stood."""
        self._seen, self._before = [], self._memory

    @torch.no_grad()
    def act(self, observation: Any, mask: Flags | None, starts: Flags) -> NDArray[Any]:
        """Draw actions [N, ...]; log-probabilities and values stay on the device until `finish`."""
        parameters, value = self._step(self._tensors(observation), self._tensor(starts))
        parameters = allowed(parameters, None if mask is None else self._tensor(mask))
        action = self.distribution.draw(parameters, self.generator)
        self._seen.append((self.distribution.log_prob(parameters, action), value))
        return action.cpu().numpy()

    def _step(self, observation: Any, starts: Tensor) -> tuple[Tensor, Tensor]:
        if not self.remembers:
            outputs: tuple[Tensor, Tensor] = self.network(observation)
            return outputs
        memory = recurrent.emptied(self._memory, starts)
        parameters, value, self._memory = recurrent.step(self.network, observation, memory)
        return parameters, value

    @torch.no_grad()
    def values(self, observation: Any, rows: NDArray[np.int64]) -> F32:
        """The critic at final observations of these environments."""
        return self._value(self._tensors(observation), tuple(one[:, rows] for one in self._memory)).cpu().numpy()

    def _value(self, observation: Any, memory: recurrent.Memory) -> Tensor:
        if self.remembers:
            return recurrent.step(self.network, observation, memory)[1]
        value: Tensor = self.network(observation)[1]
        return value

    @torch.no_grad()
    def finish(self, trajectory: Trajectory) -> None:
        """Bring the rollout's numbers to the host at once."""
        memory = self._memory
        if self.remembers:
            memory = recurrent.emptied(memory, self._tensor(trajectory.last_starts))
        last = self._value(self._tensors(trajectory.last_observation), memory)
        log_probs, values = zip(*self._seen, strict=True)
        numbers = torch.stack([*log_probs, *values, last]).cpu().numpy()
        steps = len(log_probs)
        trajectory.log_prob[...], trajectory.value[...] = numbers[:steps], numbers[steps:-1]
        trajectory.next_value[-1] = numbers[-1]
        trajectory.memory = self._before
        if trajectory.raw is not None and not self.remembers and isinstance(trajectory.observation, np.ndarray):
            every = self._tensor(trajectory.observation)
            parameters = self.network(every.reshape(-1, *every.shape[2:]))[0]
            trajectory.outputs = parameters[:, : self.action.outputs].reshape(*every.shape[:2], -1).cpu().numpy()

    def update(self, batch: Batch, rates: Rates, *, keep: bool = False) -> Learned:
        """Epochs of minibatches, until the divergence is too large."""
        config, version = self.config, self._steps
        for group in self.optimizer.param_groups:
            group["lr"] = rates.learning_rate
        if config.normalise_advantages == "batch":
            batch.advantage = normalised(batch.advantage)
        told = Telemetry(rates.clip_range)
        read: list[tuple[int, Samples, Loss]] = []
        norms: list[tuple[Tensor, Tensor, Tensor]] = []
        count = config.epochs * config.minibatches
        for index, samples in enumerate(self._minibatches(batch)):
            loss = self._loss(samples, rates)
            stop = self._too_far(loss, samples)
            if index in (0, count - 1) or stop or (keep and index < config.minibatches):
                read.append((index, samples, loss))
            if stop:
                break
            norms.append(descend(loss.total, self.parameters, self.optimizer, config.max_grad_norm))
            self._steps += 1
        self._tell(told, read, norms)
        kept = [self._kept(one, version, told) for one in read] if keep else []
        return Learned(told.finish(rates.learning_rate), told.kl, kept)

    def _compute(self, samples: Samples, rates: Rates) -> Loss:
        outputs = self._unrolled(samples) if self.remembers else self.network(samples.observation)
        return ppo_step_loss(outputs, samples, self.distribution, self.config, rates)

    def _unrolled(self, samples: Samples) -> tuple[Tensor, Tensor]:
        """Outputs of a recurrent network at the valid rows of whole sequences."""
        observation, memory, starts, valid = samples.observation
        parameters, value = recurrent.unroll(self.network, observation, memory, starts)
        return parameters[valid], value[valid]

    def _minibatches(self, batch: Batch) -> Iterator[Samples]:
        """Every minibatch of every epoch."""
        if self.remembers:
            yield from self._sequences(batch)
            return
        whole = self._samples(batch)
        cuts = np.linspace(0, len(batch), self.config.minibatches + 1).astype(int)
        for _ in range(self.config.epochs):
            order = self._tensor(self.rng.permutation(len(batch)))
            for begin, end in pairwise(cuts):
                yield _picked(whole, order[begin:end])

    def _sequences(self, batch: Batch) -> Iterator[Samples]:
        """Minibatches of environments, each with its whole rollout in order: memory only makes sense in sequence."""
        trajectory = batch.sequences
        assert trajectory is not None
        steps, count = trajectory.reward.shape
        observation = self._tensors(trajectory.observation)
        starts, valid = self._tensor(trajectory.starts), self._tensor(trajectory.valid)
        # where in the batch each valid row of the rollout stands
        place = torch.full((steps * count,), -1, dtype=torch.long, device=self.device)
        place[self._tensor(batch.rows)] = torch.arange(len(batch), device=self.device)
        place = place.reshape(steps, count)
        whole = self._samples(batch)
        for _ in range(self.config.epochs):
            for envs in np.split(self.rng.permutation(count), self.config.minibatches):
                chosen = self._tensor(envs)
                here = valid[:, chosen]
                part = _picked(whole, place[:, chosen][here])
                memory = tuple(one[:, chosen] for one in trajectory.memory)
                part.observation = (
                    tree_map(lambda one, chosen=chosen: one[:, chosen], observation),
                    memory,
                    starts[:, chosen],
                    here,
                )
                yield part

    def _samples(self, batch: Batch) -> Samples:
        """The batch on the device; for a recurrent policy without its observations, which come in sequence."""
        names = ("action", "log_prob", "value", "advantage", "target")
        return Samples(
            None if self.remembers else self._tensors(batch.observation),
            **{name: self._tensor(getattr(batch, name)) for name in names},
            mask=None if batch.mask is None else self._tensor(batch.mask),
            rows=self._tensor(batch.rows),
        )

    def _too_far(self, loss: Loss, samples: Samples) -> bool:
        config = self.config
        if not config.target_kl or config.learning_rate_schedule == "kl_adaptive":
            return False
        with torch.no_grad():
            return float(approx_kl(loss.log_prob - samples.log_prob)) > KL_MARGIN * config.target_kl

    @torch.no_grad()
    def _tell(
        self, told: Telemetry, read: list[tuple[int, Samples, Loss]], norms: list[tuple[Tensor, Tensor, Tensor]]
    ) -> None:
        """The update's numbers, moved to the host here and nowhere else. Raises TrainingError on NaN."""
        numbers = torch.stack([torch.stack(pair[:2]) for pair in norms]).tolist() if norms else []
        for index, (before, after) in enumerate(numbers):
            if not math.isfinite(before):
                raise TrainingError(self._diverged(norms[index][2], self._steps - len(norms) + index))
            told.add("grad_norm", before)
            told.add("grad_norm_after", after)
        told.steps = len(norms)
        for number, (_, samples, loss) in enumerate(read):
            if number in (0, len(read) - 1):
                told.read(self._arrays(samples, loss), most_entropy=self.action.most_entropy)

    def _diverged(self, norms: Tensor, steps: int) -> str:
        """Of the first bad step: `norms` of each gradient in it."""
        names = [name for name, one in self.network.named_parameters() if one.grad is not None]
        bad = first_bad(dict(zip(names, norms.cpu().numpy(), strict=True)))
        return (
            f"the gradient of {bad or 'the sum of all tensors'} is not finite after {steps} optimizer steps. "
            "Look for NaN or huge numbers in observations and rewards; else lower learning_rate or set max_grad_norm."
        )

    def _arrays(self, samples: Samples, loss: Loss) -> dict[str, NDArray[Any]]:
        found = {
            "rows": samples.rows,
            "action": samples.action,
            "old_log_prob": samples.log_prob,
            "log_prob": loss.log_prob,
            "ratio": loss.ratio,
            "advantage": loss.advantage,
            "value": loss.value,
            "old_value": samples.value,
            "target": samples.target,
            "entropy": loss.entropy,
            "outputs": loss.parameters[:, : self.action.outputs],
        }
        if isinstance(samples.observation, Tensor):
            found["observation"] = samples.observation
        if self.action.continuous:
            log_std = loss.parameters[:, self.action.outputs :]
            found["log_std"] = log_std[0] if isinstance(self.network, ActorCritic) else log_std
        return {name: value.detach().cpu().numpy() for name, value in found.items()}

    def _kept(self, one: tuple[int, Samples, Loss], version: int, told: Telemetry) -> Minibatch:
        index, samples, loss = one
        facts = {"loss": float(loss.total.detach()), "clip_norm": self.config.max_grad_norm or None}
        norms = told.sums.get("grad_norm", [])
        if index < len(norms):
            facts["grad_norm"] = norms[index]
        return Minibatch(index, version + index, self._arrays(samples, loss), facts)

    def _tensor(self, array: Any) -> Tensor:
        return torch.as_tensor(array, device=self.device)

    def _tensors(self, tree: Any) -> Any:
        return tree_map(self._tensor, tree)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights by name."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.network.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """Weights, Adam's moments, generators and memory."""
        adam = self.optimizer.state_dict()["state"]
        return {
            "network": self.tensors(),
            "adam": {str(k): {n: v.cpu().numpy().copy() for n, v in one.items()} for k, one in adam.items()},
            "steps": self._steps,
            "generator": self.generator.get_state().numpy().copy(),
            "rng": self.rng.bit_generator.state,
            "memory": [one.cpu().numpy().copy() for one in self._memory],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict({name: torch.as_tensor(value) for name, value in state["network"].items()})
        adam = {int(k): {n: torch.as_tensor(v) for n, v in one.items()} for k, one in state["adam"].items()}
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": adam, "param_groups": groups})
        self._steps = int(state["steps"])
        self.generator.set_state(torch.as_tensor(state["generator"]))
        self.rng.bit_generator.state = state["rng"]
        self._memory = tuple(self._tensor(one) for one in state["memory"])


def _picked(whole: Samples, rows: Tensor) -> Samples:
    """The samples at these places."""
    return Samples(
        observation=None if whole.observation is None else take(whole.observation, rows),
        action=whole.action[rows],
        log_prob=whole.log_prob[rows],
        value=whole.value[rows],
        advantage=whole.advantage[rows],
        target=whole.target[rows],
        mask=None if whole.mask is None else whole.mask[rows],
        rows=whole.rows[rows],
    )
