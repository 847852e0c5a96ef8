"""`with ppodoctor.watch(folder):` around code of this very process, with torch and gymnasium imported before."""

from __future__ import annotations

import builtins
import sys

import gymnasium
import pytest
import torch
from torch import nn
from torch.distributions import Categorical

import ppodoctor
from ppodoctor.measures.reading import readings
from ppodoctor.run import Run

WATCHED = {
    "torch.autograd": ("backward", "grad"),
    "torch.nn.utils": ("clip_grad_norm_", "clip_grad_value_"),
    "torch.nn.utils.clip_grad": ("clip_grad_norm_", "clip_grad_value_"),
    "torch.jit": ("script", "trace"),
    "torch": ("compile",),
}
CLASSES = (nn.Module, nn.Linear, nn.GRU, nn.Conv2d, torch.Tensor, torch.optim.Optimizer, torch.optim.Adam)


class Corridor(gymnasium.Env):
    """Walk to the right end of a corridor of nine places."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (9,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = int(self.np_random.integers(0, 4))
        return self.see(), {}

    def step(self, action):
        self.place = max(0, self.place + (1 if action else -1))
        return self.see(), float(self.place == 8), self.place == 8, False, {}

    def see(self):
        seen = self.observation_space.low.copy()
        seen[self.place] = 1.0
        return seen


class Trainer:
    """A few updates of a small PPO."""

    def __init__(self):
        torch.manual_seed(0)
        self.env = gymnasium.wrappers.TimeLimit(Corridor(), 30)
        self.policy = nn.Sequential(nn.Linear(9, 16), nn.Tanh(), nn.Linear(16, 2))
        self.critic = nn.Sequential(nn.Linear(9, 16), nn.Tanh(), nn.Linear(16, 1))
        self.parameters = [*self.policy.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-3)
        self.obs = self.env.reset(seed=0)[0]

    def collect(self, steps):
        rows = []
        for _ in range(steps):
            obs = torch.as_tensor(self.obs)
            with torch.no_grad():
                dist = Categorical(logits=self.policy(obs))
                action = dist.sample()
            self.obs, reward, terminated, truncated, _ = self.env.step(int(action))
            rows.append((obs, action, dist.log_prob(action), torch.tensor(float(reward))))
            if terminated or truncated:
                self.obs = self.env.reset()[0]
        return [torch.stack(column) for column in zip(*rows, strict=True)]

    def update(self, steps=40):
        obs, action, old, reward = self.collect(steps)
        for _ in range(3):
            value = self.critic(obs)[:, 0]
            advantage = (reward - value).detach()
            ratio = (Categorical(logits=self.policy(obs)).log_prob(action) - old).exp()
            actor_loss = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
            critic_loss = (value - reward).pow(2).mean()
            self.optimizer.zero_grad()
            self.backward(actor_loss, critic_loss)
            nn.utils.clip_grad_norm_(self.parameters, 0.5)
            self.optimizer.step()

    def backward(self, actor_loss, critic_loss):
        (actor_loss + 0.5 * critic_loss).backward()


def footprint():
    """Every function and class attribute that watching may put something in the place of."""
    found = {(name, one): getattr(sys.modules[name], one) for name, those in WATCHED.items() for one in those}
    for kind in (*CLASSES, gymnasium.Wrapper, gymnasium.wrappers.TimeLimit, Corridor):
        found.update({(kind.__qualname__, name): value for name, value in vars(kind).items() if callable(value)})
    found["build class"] = builtins.__build_class__
    # the one that waits for libraries stays, with nothing to wait for
    found["finders"] = [one for one in sys.meta_path if getattr(one, "__module__", "") != "ppodoctor.watching.imports"]
    found["exception hook"] = sys.excepthook
    optimizers = sys.modules["torch.optim.optimizer"]
    found["hooks"] = len(optimizers._global_optimizer_pre_hooks) + len(optimizers._global_optimizer_post_hooks)
    found["modes"] = torch._C._len_torch_function_stack()
    found["saved hooks"] = torch.autograd.graph.saved_tensors_hooks.__enter__
    return found


def weights(trainer):
    return [parameter.detach().clone() for parameter in trainer.parameters]


def same(first, second):
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_everything_is_given_back(tmp_path):
    Trainer().update()  # what torch sets up at the first use is not ours
    before = footprint()
    with ppodoctor.watch(tmp_path / "run"):
        assert footprint() != before
        Trainer().update()
    after = footprint()
    assert {key for key in before if before[key] is not after[key] and before[key] != after[key]} == set()
    assert before.keys() == after.keys()


def test_an_exception_inside_gives_everything_back_too(tmp_path):
    before = footprint()
    trainer = Trainer()
    trainer.optimizer.step = lambda: {}["lost"]
    with pytest.raises(KeyError), ppodoctor.watch(tmp_path / "run"):
        trainer.update()
    assert footprint() == before


def test_what_was_made_inside_is_recorded(tmp_path):
    with ppodoctor.watch(tmp_path / "run"):
        trainer = Trainer()
        for _ in range(4):
            trainer.update()
    run = Run.load(tmp_path / "run")
    assert [(row.update, row.backwards, row.optimizer_steps) for row in run.updates] == [(n, 3, 3) for n in range(1, 5)]
    assert run.optimizers[0].steps == 12
    assert run.updates[1].rollout_steps == 40
    assert run.header["status"] == "finished"
    assert run.setting("clip_range") == pytest.approx(0.2)
    assert {parameter.role for parameter in run.parameters} == {"policy", "value"}
    assert run.optimizers[0].made_at.function.endswith("__init__")
    assert run.envs[0].made_at.file == __file__


def test_what_was_made_before_is_recorded_as_well(tmp_path):
    trainer = Trainer()
    trainer.update()
    with ppodoctor.watch(tmp_path / "run"):
        for _ in range(3):
            trainer.update()
    run = Run.load(tmp_path / "run")
    assert len(run.updates) == 3
    assert run.updates[1].rollout_steps == 40
    assert run.minibatches[0].graph.nodes
    assert run.optimizers[0].steps == 9
    assert {parameter.name for parameter in run.parameters} == {
        f"{n}.{kind}" for n in (0, 2) for kind in ("weight", "bias")
    }
    assert {parameter.module for parameter in run.parameters} == {"Linear"}


def test_nothing_is_recorded_after_the_block(tmp_path):
    with ppodoctor.watch(tmp_path / "run"):
        trainer = Trainer()
        trainer.update()
    size = (tmp_path / "run" / "updates.jsonl").stat().st_size
    for _ in range(3):
        trainer.update()
    assert (tmp_path / "run" / "updates.jsonl").stat().st_size == size


def test_training_goes_the_same_way(tmp_path):
    trained = []
    for watched in (False, True):
        trainer = Trainer()
        if watched:
            with ppodoctor.watch(tmp_path / "run"):
                for _ in range(3):
                    trainer.update()
        else:
            for _ in range(3):
                trainer.update()
        trainer.update()
        trained.append((weights(trainer), torch.get_rng_state()))
    assert same(trained[0][0], trained[1][0])
    assert torch.equal(trained[0][1], trained[1][1])


def test_a_second_block_goes_into_another_folder(tmp_path):
    for name in ("one", "two"):
        with ppodoctor.watch(tmp_path / name):
            Trainer().update()
    assert len(Run.load(tmp_path / "two").updates) == 1
    with pytest.raises(FileExistsError, match="choose another folder"):
        ppodoctor.watch(tmp_path / "one")


class Varied(Corridor):
    """No two observations are alike."""

    def see(self):
        return super().see() + self.np_random.normal(0, 0.01, 9).astype("float32")


class TwoLosses(Trainer):
    """Both losses are made before the first of two backward calls; it plays in an environment of its own as well."""

    def backward(self, actor_loss, critic_loss):
        actor_loss.backward()
        critic_loss.backward()

    def evaluate(self, env):
        obs, _ = env.reset(seed=1)
        ended = False
        while not ended:
            with torch.no_grad():
                action = self.policy(torch.as_tensor(obs)).argmax()
            obs, _, terminated, truncated, _ = env.step(int(action))
            ended = terminated or truncated


def test_two_losses_made_in_one_go_both_have_their_lines(tmp_path):
    with ppodoctor.watch(tmp_path / "run"):
        trainer = TwoLosses()
        for _ in range(3):
            trainer.update()
    found = readings(Run.load(tmp_path / "run"))
    lines = {part.site.code.split(" = ")[0] for one in found for part in one.terms if part.site is not None}
    assert {"actor_loss", "critic_loss"} <= lines


def test_an_environment_that_no_update_is_made_from_evaluates(tmp_path):
    with ppodoctor.watch(tmp_path / "run"):
        trainer, tested = TwoLosses(), gymnasium.wrappers.TimeLimit(Varied(), 30)
        trainer.env = gymnasium.wrappers.TimeLimit(Varied(), 30)
        trainer.obs = trainer.env.reset(seed=0)[0]
        for _ in range(5):
            trainer.evaluate(tested)
            trainer.update()
    run = Run.load(tmp_path / "run")
    assert {env.steps > 150: env.role for env in run.envs} == {True: "train", False: "evaluate"}
    assert [row.rollout_steps for row in run.updates[1:]] == [40] * 4
    assert run.returns.size == sum(one.stream == run.train_envs[0].stream for one in run.episodes) < len(run.episodes)
