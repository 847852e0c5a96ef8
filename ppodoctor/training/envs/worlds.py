"""The equations of gymnasium's classic control, for N environments in one numpy call each.

A world's state is float64 [D, N], a row for each quantity, changed in place. Sources: gymnasium 1.4,
`envs/classic_control`; the operations keep their order, so that results agree with it to rounding.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Outcome = tuple[Any, NDArray[np.bool_] | None]
"""Reward [N], and which episodes came to a true end [N]; None where there is none in this world."""


class World(Protocol):
    """One classic control task."""

    size: int
    """D, quantities in a state."""

    def fresh(self, generator: np.random.Generator) -> F64:
        """A first state [D], drawn as gymnasium draws it."""
        ...

    def advance(self, state: F64, actions: NDArray[Any]) -> Outcome:
        """Move the state [D, N] on by one step, in place."""
        ...

    def look(self, state: F64) -> NDArray[np.float32]:
        """Observations [N, ...] of the state."""
        ...


class CartPole:
    """Barto, Sutton & Anderson 1983; state: position, its rate, angle, its rate."""

    size = 4
    _tau = 0.02
    _push = np.array([-10.0, 10.0])
    _limit = np.array([[2.4], [12 * 2 * math.pi / 360]])

    def __init__(self) -> None:
        self._rates = np.empty((4, 0))

    def fresh(self, generator: np.random.Generator) -> F64:
        return generator.uniform(-0.05, 0.05, size=4)

    def advance(self, state: F64, actions: NDArray[Any]) -> Outcome:
        pole, total = 0.05, 1.1  # mass times length of the pole, mass of both
        cos, sin = np.cos(state[2]), np.sin(state[2])
        push = np.square(state[3])
        push *= pole
        push *= sin
        push += self._push[actions]
        push /= total
        below = np.square(cos)
        below *= -0.1
        below /= total
        below += 4.0 / 3.0
        below *= 0.5
        rates = self._rates
        if rates.shape != state.shape:
            rates = self._rates = np.empty_like(state)
        rates[0], rates[2] = state[1], state[3]
        sin *= 9.8
        sin -= cos * push
        angular = np.divide(sin, below, out=rates[3])
        cos *= angular
        cos *= pole / total
        np.subtract(push, cos, out=rates[1])
        rates *= self._tau
        state += rates
        outside = np.abs(state[::2]) > self._limit
        return np.ones(state.shape[1], np.float32), outside[0] | outside[1]

    def look(self, state: F64) -> NDArray[np.float32]:
        return state.T.astype(np.float32, order="C")


class MountainCar:
    """Moore 1990; state: position, velocity."""

    size = 2

    def fresh(self, generator: np.random.Generator) -> F64:
        return np.array([generator.uniform(-0.6, -0.4), 0.0])

    def advance(self, state: F64, actions: NDArray[Any]) -> Outcome:
        position, velocity = state
        velocity += (actions - 1) * 0.001 + np.cos(3 * position) * -0.0025
        _roll(position, velocity)
        ended = (position >= 0.5) & (velocity >= 0)
        return np.full(len(position), -1.0, np.float32), ended

    def look(self, state: F64) -> NDArray[np.float32]:
        return state.T.astype(np.float32, order="C")


class MountainCarContinuous:
    """The same with a force in [-1, 1] that costs its square; gymnasium keeps this state in float32."""

    size = 2

    def fresh(self, generator: np.random.Generator) -> F64:
        return np.array([generator.uniform(-0.6, -0.4), 0.0])

    def advance(self, state: F64, actions: NDArray[Any]) -> Outcome:
        position, velocity = state
        force = actions[:, 0].astype(np.float64)
        velocity += force * 0.0015 - 0.0025 * np.cos(3 * position)
        _roll(position, velocity)
        ended = (position >= 0.45) & (velocity >= 0)
        state[...] = state.astype(np.float32)
        return ended * 100.0 - np.square(force) * 0.1, ended

    def look(self, state: F64) -> NDArray[np.float32]:
        return state.T.astype(np.float32, order="C")


def _roll(position: F64, velocity: F64) -> None:
    """Move both mountain cars, within their speed and their valley; the left wall stops them."""
    np.minimum(np.maximum(velocity, -0.07, out=velocity), 0.07, out=velocity)
    position += velocity
    np.minimum(np.maximum(position, -1.2, out=position), 0.6, out=position)
    velocity[(position == -1.2) & (velocity < 0)] = 0.0


class Pendulum:
    """State: angle, its rate. Never ends by itself."""

    size = 2

    def fresh(self, generator: np.random.Generator) -> F64:
        high = np.array([np.pi, 1.0])
        return generator.uniform(low=-high, high=high)

    def advance(self, state: F64, actions: NDArray[Any]) -> Outcome:
        angle, rate = state
        torque = actions[:, 0].astype(np.float64)
        upright = np.mod(angle + np.pi, 2 * np.pi) - np.pi
        cost = np.square(upright) + 0.1 * np.square(rate) + 0.001 * np.square(torque)
        rate += (15.0 * np.sin(angle) + 3.0 * torque) * 0.05
        np.minimum(np.maximum(rate, -8.0, out=rate), 8.0, out=rate)
        angle += rate * 0.05
        return -cost, None

    def look(self, state: F64) -> NDArray[np.float32]:
        seen = np.empty((state.shape[1], 3), np.float32)
        seen[:, 0], seen[:, 1], seen[:, 2] = np.cos(state[0]), np.sin(state[0]), state[1]
        return seen


class Acrobot:
    """Sutton 1996, the equations of the book; state: two angles, their rates."""

    size = 4
    _limit = np.array([[4 * np.pi], [9 * np.pi]])

    def fresh(self, generator: np.random.Generator) -> F64:
        return generator.uniform(low=-0.1, high=0.1, size=(4,)).astype(np.float32).astype(np.float64)

    def advance(self, state: F64, actions: NDArray[Any]) -> Outcome:
        torque = actions - 1.0
        step = 0.2
        k1 = self._rates(state, torque)
        k2 = self._rates(state + step / 2.0 * k1, torque)
        k3 = self._rates(state + step / 2.0 * k2, torque)
        k4 = self._rates(state + step * k3, torque)
        state += step / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
        angles, rates = state[:2], state[2:]
        angles -= 2 * np.pi * (np.ceil((angles - np.pi) / (2 * np.pi)))  # into (-pi, pi]
        np.minimum(np.maximum(rates, -self._limit, out=rates), self._limit, out=rates)
        ended = -np.cos(state[0]) - np.cos(state[1] + state[0]) > 1.0
        return ended - np.float32(1.0), ended

    def _rates(self, state: F64, torque: F64) -> F64:
        """Time derivatives [4, N]: both links of length and mass 1, centre of mass 0.5, moment of inertia 1."""
        first, second, rate1, rate2 = state
        cos, sin, gravity = np.cos(second), np.sin(second), 9.8
        d1 = 0.25 + (1.25 + cos) + 2.0
        d2 = (0.25 + 0.5 * cos) + 1.0
        phi2 = 0.5 * gravity * np.cos(first + second - np.pi / 2.0)
        phi1 = -0.5 * np.square(rate2) * sin - rate2 * rate1 * sin + 1.5 * gravity * np.cos(first - np.pi / 2) + phi2
        ratio = d2 / d1
        force2 = (torque + ratio * phi1 - 0.5 * np.square(rate1) * sin - phi2) / (1.25 - d2 * ratio)
        rates = np.empty_like(state)
        rates[0], rates[1], rates[2], rates[3] = rate1, rate2, -(d2 * force2 + phi1) / d1, force2
        return rates

    def look(self, state: F64) -> NDArray[np.float32]:
        seen = np.empty((state.shape[1], 6), np.float32)
        seen[:, 0], seen[:, 1] = np.cos(state[0]), np.sin(state[0])
        seen[:, 2], seen[:, 3] = np.cos(state[1]), np.sin(state[1])
        seen[:, 4], seen[:, 5] = state[2], state[3]
        return seen


WORLDS: dict[str, tuple[type[Any], str]] = {
    "CartPole-v0": (CartPole, "gymnasium.envs.classic_control.cartpole:CartPoleEnv"),
    "CartPole-v1": (CartPole, "gymnasium.envs.classic_control.cartpole:CartPoleEnv"),
    "MountainCar-v0": (MountainCar, "gymnasium.envs.classic_control.mountain_car:MountainCarEnv"),
    "MountainCarContinuous-v0": (
        MountainCarContinuous,
        "gymnasium.envs.classic_control.continuous_mountain_car:Continuous_MountainCarEnv",
    ),
    "Pendulum-v1": (Pendulum, "gymnasium.envs.classic_control.pendulum:PendulumEnv"),
    "Acrobot-v1": (Acrobot, "gymnasium.envs.classic_control.acrobot:AcrobotEnv"),
}
"""Ids with their world, and the entry point that they stand for: an id registered anew is another environment."""
