"""A toy world that is played, a fixed critic, and advantages computed right or wrong by plain loops in float32.

Written without a look at the library, which has to find out what was done here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

F = np.float32


@dataclass
class Script:
    """How the imaginary script is written; the defaults are right."""

    gamma: float = 0.99
    lam: float = 0.95
    steps: int = 128
    envs: int = 4
    updates: int = 2
    minibatches: int = 4
    recorded: int | None = None  # minibatches kept per update
    epochs: int = 1
    death: float = 0.04
    limit: int = 30
    variant: str = "right"
    normalise: str = "minibatch"  # none, batch, minibatch, centre
    target: str = "return"  # return, advantage, monte_carlo, one_step
    reward: str = "own"  # one of the ways in `paid`
    finals: bool = True  # does the script ask its critic about final observations?
    every_final: bool = False  # about terminal ones too?
    tail_value: bool = True
    calls: bool = True
    transform: str = "none"  # none, affine: what the script does to observations
    constant_reward: bool = False
    smooth: int = 0
    flipped: bool = False
    baseline: bool = True
    autoreset: str = "same"  # same or next step
    stored: str = "own"  # own, next, alias: which observation is put beside the action
    order: str = "permuted"  # permuted, drawn, half: which samples a pass goes through
    stale: bool = False  # are the samples of the update before used again?
    actions: str = "own"  # own, random: what the loss takes the log-probability of
    seed: int = 0
    one_flag: bool = False  # does the environment tell time limits and terminations alike?
    source: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """One rollout, [T, N]."""

    obs: Any
    next_obs: Any
    last_obs: Any
    action: Any
    reward: Any
    terminated: Any
    truncated: Any
    starts: Any
    filler: Any
    scaled: Any = None
    """Rewards divided by the standard deviation of all discounted sums so far."""


class Game:
    """A random walk in three dimensions whose episodes end by chance or at a limit; resets happen at once."""

    def __init__(self, script: Script) -> None:
        self.script, self.rng = script, np.random.default_rng(script.seed)
        self.state = self.rng.normal(size=(script.envs, 3)).astype(F)
        self.age = self.rng.integers(0, max(script.limit // 2, 1), size=script.envs)
        self.fresh = np.ones(script.envs, bool)
        self.ended = np.zeros(script.envs, bool)
        self.sums: list[Any] = [np.zeros(script.envs)]

    def play(self) -> World:
        script, rng = self.script, self.rng
        rows: list[tuple[Any, ...]] = []
        for _ in range(script.steps):
            action = rng.integers(0, 2, size=script.envs)
            pushed = 0.3 * rng.normal(size=self.state.shape) + 0.2 * (action[:, None] - 0.5)
            moved = (0.9 * self.state + pushed).astype(F)
            reward = np.ones(script.envs) if script.constant_reward else moved[:, 0] + 0.3 + 0.2 * action
            self.age += 1
            idle = self.ended
            terminated = (rng.random(script.envs) < script.death) & ~idle
            truncated = (self.age >= script.limit) & ~terminated & ~idle
            end = terminated | truncated
            again = rng.normal(size=moved.shape).astype(F) + F(1.5)
            moved = np.where(idle[:, None], again, moved).astype(F)
            reward = np.where(idle, 0.0, reward)
            rows.append((self.state, moved, action, reward, terminated, truncated, self.fresh, idle))
            at_once = end if script.autoreset == "same" else np.zeros_like(end)
            self.state = np.where(at_once[:, None], again, moved).astype(F)
            self.age[end | idle] = 0
            self.fresh = at_once | idle
            self.ended = end & ~at_once
        obs, moved, *rest = (np.array(column) for column in zip(*rows, strict=True))
        return World(obs, moved, self.state, *rest, self.scaled(rest[1], rest[4]))

    def scaled(self, rewards: Any, starts: Any) -> Any:
        found = np.zeros_like(rewards)
        for t, row in enumerate(rewards):
            self.sums.append(row + self.script.gamma * np.where(starts[t], 0.0, self.sums[-1]))
            spread = np.std(self.sums[1:])
            found[t] = row / (spread if spread else np.abs(self.sums[1]))
        return found


def critic(obs: Any) -> Any:
    """Values [..., ] of observations [..., 3] in float32."""
    mix = np.array([[1.0, -0.7, 0.2], [0.3, 0.9, -0.5], [-0.2, 0.4, 1.1]], F)
    return (np.tanh(np.asarray(obs, F) @ mix) @ np.array([2.0, -1.5, 1.2], F) + F(0.7)).astype(F)


def seen_by_network(obs: Any, script: Script) -> Any:
    if script.transform == "affine":
        return ((np.asarray(obs, F) - F(0.31)) / F(1.7)).astype(F)
    return np.asarray(obs, F)


def paid(world: World, script: Script) -> Any:
    """Rewards as the script uses them."""
    r, end = world.reward, world.terminated | world.truncated
    valued = r + script.gamma * world.truncated * critic(seen_by_network(world.next_obs, script))
    ways = {
        "own": lambda: r,
        "scaled": lambda: r / 100,
        "moved": lambda: 0.1 * (r + 4.0),
        "centred": lambda: r - r.mean(),
        "standardised": lambda: (r - r.mean()) / (r.std() + 1e-5),
        "with_value": lambda: valued,
        "with_other_value": lambda: r + 0.8 * (valued - r) / script.gamma,
        "standardised_with_value": lambda: (valued - valued.mean()) / (valued.std() + 1e-5),
        "clipped": lambda: np.clip(r, -1, 1),
        "running": lambda: world.scaled,
        "previous": lambda: np.concatenate([np.zeros_like(r[:1]), r[:-1]]),
        "next": lambda: np.concatenate([r[1:], np.zeros_like(r[:1])]),
        "neighbour": lambda: np.roll(r, 1, axis=1),
        "end_replaced": lambda: np.where(end, -3.0, r),
        "death_replaced": lambda: np.where(world.terminated, -3.0, r),
        "end_added": lambda: np.where(end, r - 3.0, r),
    }
    return ways[script.reward]()


def masks(kind: str, died: bool, cut: bool, flags: tuple[bool, bool]) -> tuple[str, int]:
    """Which value is bootstrapped (none, after, final) and whether the recursion goes on, for one row."""
    first, next_ends = flags
    end = died or cut
    if kind in ("done_previous", "done_previous_final", "done_previous_cuts", "done_next", "done_inverted"):
        stop = {"done_next": next_ends, "done_inverted": not end}.get(kind, first)
        return ("none", 0) if stop else ("after", 1)
    if kind == "done_ignored" or not end:
        return "after", 1
    if kind == "done_value_ignored":
        return "after", 0
    if kind == "leak":
        return "none", 1
    if kind == "ends_inverted_final":
        return ("final" if died else "none"), 0
    if died or kind == "death":
        return "none", 0
    odd = {"reset": ("after", 0), "truncation_ignored": ("after", 1), "truncation_carries": ("final", 1)}
    return odd.get(kind, ("final", 0))


def at_cut(script: Script, row: tuple[bool, bool, bool], values: Any) -> Any:
    """What is bootstrapped in the last row, or at a time limit."""
    (tail, end, died), (usual, after, own) = row, values
    if script.variant == "own_state" and not died:
        return own
    if script.variant == "tail_past_end" and tail:
        return after
    return F(0) if script.variant in ("no_tail", "ends_inverted_final") and tail and not end else usual


def advantages(world: World, script: Script) -> Any:
    """[T, N] float32 by the script's variant: every variant is a plain loop over time."""
    r = paid(world, script).astype(F)
    v, v_final, v_last = (critic(seen_by_network(o, script)) for o in (world.obs, world.next_obs, world.last_obs))
    if not script.tail_value:
        v_last = np.zeros_like(v_last)
    after = np.concatenate([v[1:], v_last[None]])
    end = world.terminated | world.truncated
    if script.variant.startswith("environments_"):
        flags = script.variant == "environments_flags"
        at_cut_value = np.where(world.truncated, v_final, F(0))
        return transposed(script, (r, v, world.starts if flags else end), at_cut_value if flags else None)
    if script.variant in ("environments", "across_environments", "rolling"):
        return sideways(script, (r, v, after, end))
    g, gl, kind = F(script.gamma), F(script.gamma * script.lam), script.variant
    out = np.zeros_like(r)
    for n in range(r.shape[1]):
        running = F(0)
        for t in reversed(range(len(r))):
            tail = t == len(r) - 1
            flags = (bool(world.starts[t, n]), not tail and bool(end[t + 1, n]))
            source, carry = masks(kind, bool(world.terminated[t, n]), bool(world.truncated[t, n]), flags)
            boot = {"none": F(0), "after": after[t, n], "final": v_final[t, n]}[source]
            if kind == "done_previous_cuts" and source == "after" and world.truncated[t, n]:
                boot = v_final[t, n]
            if kind == "done_previous_final" and source == "after":
                boot = v_final[t, n]
            if tail or world.truncated[t, n]:
                boot = at_cut(
                    script, (tail, bool(end[t, n]), bool(world.terminated[t, n])), (boot, after[t, n], v[t, n])
                )
            running = r[t, n] + g * boot - v[t, n] + gl * F(carry) * running
            if kind == "last_is_zero" and tail:
                running = F(0)
            out[t, n] = running
    return out


def sideways(script: Script, arrays: tuple[Any, Any, Any, Any]) -> Any:
    """Recursions that walk from environment to environment."""
    r, v, after, end = arrays
    if script.variant == "rolling":
        return rolling(script, arrays)
    g, gl = F(script.gamma), F(script.gamma * script.lam)
    out, running = np.zeros_like(r), F(0)
    steps, envs = r.shape
    across = script.variant == "across_environments"
    order = [(t, n) for n in reversed(range(envs)) for t in reversed(range(steps))]
    if not across:
        order = [(t, n) for t in range(steps) for n in reversed(range(envs))]
    for t, n in order:
        if not across and n == envs - 1:
            running = F(0)
        keep = F(0) if across and end[t, n] else F(1)
        running = r[t, n] + g * (F(0) if end[t, n] else after[t, n]) - v[t, n] + gl * keep * running
        out[t, n] = running
    return out


def transposed(script: Script, arrays: tuple[Any, Any, Any], cut: Any) -> Any:
    """Time and environments are mistaken for each other; the walk begins with the value of where it begins.

    With the values at time limits in `cut` the flags are those that stand with the neighbour.
    """
    r, v, end = arrays
    g, gl = F(script.gamma), F(script.gamma * script.lam)
    out, running, following = np.zeros_like(r), np.zeros_like(r[:, 0]), v[:, -1]
    for n in reversed(range(r.shape[1])):
        flag = end[:, n] if cut is None else end[:, min(n + 1, r.shape[1] - 1)]
        alive, rest = np.where(flag, F(0), F(1)), F(0) if cut is None else cut[:, n]
        running = r[:, n] + g * (alive * following + rest) - v[:, n] + gl * alive * running
        out[:, n], following = running, v[:, n]
    return out


def rolling(script: Script, arrays: tuple[Any, Any, Any, Any]) -> Any:
    """The running sum is rolled by one environment at every step."""
    r, v, after, end = arrays
    g, gl = F(script.gamma), F(script.gamma * script.lam)
    out, running = np.zeros_like(r), np.zeros_like(r[0])
    for t in reversed(range(len(r))):
        running = r[t] + g * np.where(end[t], F(0), after[t]) - v[t] + gl * np.where(end[t], F(0), np.roll(running, 1))
        out[t] = running
    return out


def targets(world: World, script: Script, advantage: Any) -> Any:
    v = critic(seen_by_network(world.obs, script))
    if script.target == "advantage":
        return advantage
    if script.target == "monte_carlo":
        return advantages(world, replace(script, lam=1.0)) + v
    if script.target == "one_step":
        return advantages(world, replace(script, lam=0.0)) + v
    return advantage + v
