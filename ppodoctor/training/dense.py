"""Two dense networks of equal hidden sizes on one flat float32 vector: first weights, forward and backward, by numpy.

Actor and critic are stacked: the weights of hidden layer l are one array [2, out, in], so that one call serves both.
Outputs of the actor are kept [A, B], actions first: sums over a handful of actions are then sums of long rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.training.spaces import ActionFacts

F32 = NDArray[np.float32]
POLICY_GAIN, VALUE_GAIN = 0.01, 1.0


@dataclass(frozen=True)
class DenseShape:
    """What decides the sizes of every tensor."""

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    relu: bool = False
    log_std: bool = False
    """A state-independent log standard deviation [outputs] of its own."""

    @classmethod
    def of(cls, config: PPOConfig, inputs: int, action: ActionFacts) -> DenseShape:
        """The networks that these settings ask for."""
        return cls(inputs, config.hidden_sizes, action.outputs, config.activation == "relu", action.continuous)

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each tensor, in the order of the flat vector."""
        found: dict[str, tuple[int, ...]] = {}
        widths = (self.inputs, *self.hidden)
        for layer, (fan_in, out) in enumerate(zip(widths, self.hidden, strict=False)):
            for part, shape in (("weight", (out, fan_in)), ("bias", (out,))):
                for tower in ("actor", "critic"):
                    found[f"{tower}.{layer}.{part}"] = shape
        last = len(self.hidden)
        for tower, out in (("actor", self.outputs), ("critic", 1)):
            found[f"{tower}.{last}.weight"] = (out, widths[-1])
            found[f"{tower}.{last}.bias"] = (out,)
        if self.log_std:
            found["log_std"] = (self.outputs,)
        return found


def orthogonal(rng: np.random.Generator, shape: tuple[int, int], gain: float) -> F32:
    """A weight [out, in] with orthogonal rows or columns (Saxe et al. 2014), times gain."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= np.sign(np.diag(r))  # without this the distribution is not uniform
    return (gain * (q if rows >= columns else q.T)).astype(np.float32)


def initial_tensors(shape: DenseShape, config: PPOConfig, rng: np.random.Generator) -> dict[str, F32]:
    """First weights by name: orthogonal, gains sqrt(2), 0.01 and 1; or torch's default, uniform in 1 / sqrt(in)."""
    found: dict[str, F32] = {}
    last = len(shape.hidden)
    for name, size in shape.tensors().items():
        tower, _, rest = name.partition(".")
        if name == "log_std":
            found[name] = np.full(size, config.log_std_init, np.float32)
        elif not config.orthogonal_init:
            bound = 1.0 / np.sqrt((shape.inputs, *shape.hidden)[int(rest.split(".")[0])])
            found[name] = rng.uniform(-bound, bound, size).astype(np.float32)
        elif len(size) == 2:
            gain = np.sqrt(2.0) if int(rest.split(".")[0]) < last else POLICY_GAIN if tower == "actor" else VALUE_GAIN
            found[name] = orthogonal(rng, (size[0], size[1]), gain)
        else:
            found[name] = np.zeros(size, np.float32)
    return found


class Parameters:
    """A flat float32 vector and its views: by name, and stacked for both towers."""

    def __init__(self, shape: DenseShape) -> None:
        sizes = shape.tensors()
        self.flat: F32 = np.zeros(sum(int(np.prod(size)) for size in sizes.values()), np.float32)
        self.named: dict[str, F32] = {}
        start = 0
        for name, size in sizes.items():
            end = start + int(np.prod(size))
            self.named[name] = self.flat[start:end].reshape(size)
            start = end
        self.weights: list[F32] = []
        self.biases: list[F32] = []
        start = 0
        for fan_in, out in zip((shape.inputs, *shape.hidden), shape.hidden, strict=False):
            self.weights.append(self.flat[start : start + 2 * out * fan_in].reshape(2, out, fan_in))
            start += 2 * out * fan_in
            self.biases.append(self.flat[start : start + 2 * out].reshape(2, 1, out))
            start += 2 * out
        last = len(shape.hidden)
        self.actor = (self.named[f"actor.{last}.weight"], self.named[f"actor.{last}.bias"][:, None])
        self.critic = (self.named[f"critic.{last}.weight"], self.named[f"critic.{last}.bias"])
        self.log_std: F32 | None = self.named.get("log_std")

    def fill(self, tensors: dict[str, Any]) -> None:
        """Take over values by name; every name has to be there, in its shape."""
        for name, view in self.named.items():
            if name not in tensors or np.shape(tensors[name]) != view.shape:
                seen = np.shape(tensors[name]) if name in tensors else "nothing"
                raise ValueError(f"the tensor {name} is {seen}; {view.shape} was expected")
            view[...] = tensors[name]


class Network:
    """Forward and backward over buffers for one number of rows; make one for each size in use."""

    def __init__(self, shape: DenseShape, parameters: Parameters, rows: int) -> None:
        self.shape, self.parameters, self.rows = shape, parameters, rows
        self.hidden = [np.empty((2, rows, width), np.float32) for width in shape.hidden]
        self.errors = [np.empty_like(layer) for layer in self.hidden]
        self.slopes = [np.empty_like(layer) for layer in self.hidden]
        self.outputs = np.empty((shape.outputs, rows), np.float32)
        self.values = np.empty((1, rows), np.float32)
        self.ones = np.ones((1, rows), np.float32)
        self._turned = [weight.transpose(0, 2, 1) for weight in parameters.weights]

    def act(self, x: F32) -> F32:
        """Outputs of the actor alone [A, B] for observations [B, D]."""
        return self._actor(self._tower(x, 0))

    def value(self, x: F32) -> F32:
        """The critic alone [B]."""
        return self._critic(self._tower(x, 1))

    def _tower(self, x: F32, which: int) -> F32:
        """The last hidden layer [B, H] of one network: 0 is the actor, 1 the critic."""
        for weight, bias, out in zip(self._turned, self.parameters.biases, self.hidden, strict=True):
            layer = out[which]
            np.matmul(x, weight[which], out=layer)
            layer += bias[which]
            self._activate(layer)
            x = layer
        return x

    def forward(self, x: F32) -> tuple[F32, F32]:
        """Outputs [A, B] and values [B] for observations [B, D]; overwritten by the next call."""
        layer: F32 = x
        for weight, bias, out in zip(self._turned, self.parameters.biases, self.hidden, strict=True):
            np.matmul(layer, weight, out=out)
            out += bias
            self._activate(out)
            layer = out
        return self._actor(layer[0]), self._critic(layer[1])

    def _actor(self, layer: F32) -> F32:
        weight, bias = self.parameters.actor
        np.matmul(weight, layer.T, out=self.outputs)
        self.outputs += bias
        return self.outputs

    def _critic(self, layer: F32) -> F32:
        weight, bias = self.parameters.critic
        np.matmul(weight, layer.T, out=self.values)
        self.values += bias
        values: F32 = self.values[0]
        return values

    def backward(self, x: F32, d_outputs: F32, d_values: F32, gradient: Parameters) -> None:
        """Fill `gradient` with that of a loss whose derivatives at the outputs [A, B] and values [B] are given.

        After a `forward` of the same `x`. The gradient of `log_std` is not touched.
        """
        last = self.hidden[-1]
        np.matmul(d_outputs, last[0], out=gradient.actor[0])
        d_outputs.sum(axis=1, keepdims=True, out=gradient.actor[1])
        np.matmul(d_values, last[1], out=gradient.critic[0][0])
        gradient.critic[1][0] = d_values.sum()
        error = self.errors[-1]
        np.matmul(d_outputs.T, self.parameters.actor[0], out=error[0])
        np.multiply(d_values[:, None], self.parameters.critic[0], out=error[1])
        for layer in range(len(self.hidden) - 1, -1, -1):
            error = self._through(layer)
            below = self.hidden[layer - 1] if layer else x
            np.matmul(error.transpose(0, 2, 1), below, out=gradient.weights[layer])
            np.matmul(self.ones, error, out=gradient.biases[layer])
            if layer:
                np.matmul(error, self.parameters.weights[layer], out=self.errors[layer - 1])

    def activity(self) -> tuple[str, float]:
        """(dead_share or saturated_share, its mean over both networks' layers) after a `forward`.

        Dead is a ReLU unit at 0 for every sample; saturated is a tanh output within 1% of its limits.
        """
        if self.shape.relu:
            return "dead_share", float(np.mean([(layer <= 0).all(axis=1).mean() for layer in self.hidden]))
        return "saturated_share", float(np.mean([(np.abs(layer) > 0.99).mean() for layer in self.hidden]))

    def _activate(self, layer: F32) -> None:
        if self.shape.relu:
            np.maximum(layer, 0.0, out=layer)
        else:
            np.tanh(layer, out=layer)

    def _through(self, layer: int) -> F32:
        """The error behind a layer's activation: times 1 - h^2 for tanh, or where h is above 0 for ReLU."""
        error, slope, hidden = self.errors[layer], self.slopes[layer], self.hidden[layer]
        if self.shape.relu:
            error *= hidden > 0
        else:
            np.multiply(hidden, hidden, out=slope)
            np.subtract(1.0, slope, out=slope)
            error *= slope
        return error
