"""The loss of one minibatch as the graph that the checks read, made of the numbers that were really computed.

The hand-written learner and the compiled core have no autograd graph to copy, so the operations of `update` are
written down here with the minibatch's arrays on them: ratio, advantage, value, target, logits, clip bounds. What the
checks verify are those numbers against the recorded environment steps. numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.records import ParameterFacts
from ppodoctor.specimens import GraphNode, LossGraph, MinibatchSpecimen
from ppodoctor.training.learner import Minibatch
from ppodoctor.training.schedule import Rates
from ppodoctor.training.spaces import ActionFacts

NONE = -1


@dataclass
class _Tree:
    """Nodes from the leaves to the root; turned round at the end, since a graph's root comes first."""

    nodes: list[GraphNode] = field(default_factory=list)
    arrays: list[dict[str, NDArray[Any]]] = field(default_factory=list)

    def add(self, op: str, *inputs: int, arrays: dict[str, Any] | None = None, **attrs: Any) -> int:
        """A node; its number, until the tree is turned."""
        kept = {name: np.asarray(value) for name, value in (arrays or {}).items()}
        known = {name: attrs.pop(name) for name in ("param", "module") if name in attrs}
        self.nodes.append(GraphNode(op, inputs, attrs, tuple(kept), **known))
        self.arrays.append(kept)
        return len(self.nodes) - 1

    def turned(self) -> LossGraph:
        """The graph, root first."""
        last = len(self.nodes) - 1
        for node in self.nodes:
            node.inputs = tuple(one if one == NONE else last - one for one in node.inputs)
        arrays = {
            f"{last - number}.{name}": value for number, kept in enumerate(self.arrays) for name, value in kept.items()
        }
        return LossGraph(self.nodes[::-1], arrays)


@dataclass(frozen=True)
class LossFacts:
    """What a minibatch's loss depends on besides its numbers."""

    config: PPOConfig
    action: ActionFacts
    rates: Rates
    parameters: tuple[ParameterFacts, ...]
    """In the order of the learner's tensors."""
    dense: bool = True
    """Two dense networks, whose layers are told one by one; else each network is one layer below its output."""

    def number(self, name: str) -> int:
        """The index of a parameter."""
        return next(one.index for one in self.parameters if one.name == name)

    @property
    def last(self) -> int:
        """The number of the output layer."""
        return len(self.config.hidden_sizes)

    def module(self, tower: str, layer: int) -> int:
        """The identity of a layer."""
        return layer + (0 if tower == "actor" else self.last + 1)


def minibatch_specimen(update: int, step: int, minibatch: Minibatch, facts: LossFacts) -> MinibatchSpecimen:
    """What the run folder keeps of one minibatch."""
    config, arrays = facts.config, minibatch.arrays
    tree = _Tree()
    value = _value(tree, arrays, facts)
    entropy, log_prob = _policy(tree, arrays, facts)
    ratio = tree.add("Exp", tree.add("Sub", log_prob, NONE, arrays={"right": arrays["old_log_prob"]}, alpha=1),
                     arrays={"result": arrays["ratio"]})  # fmt: skip
    loss = _surrogate(tree, ratio, arrays, facts.rates.clip_range)
    if facts.rates.entropy_coefficient:
        bonus = tree.add("Mul", entropy, NONE, arrays={"other": facts.rates.entropy_coefficient})
        loss = tree.add("Sub", loss, bonus, alpha=1)
    if config.value_coefficient:
        weighted = tree.add("Mul", value, NONE, arrays={"other": config.value_coefficient})
        loss = tree.add("Add", loss, weighted, alpha=1)
    specimen = MinibatchSpecimen(update, minibatch.index, minibatch.version, step, tree.turned())
    specimen.facts = _facts(minibatch, facts)
    return specimen


def _facts(minibatch: Minibatch, facts: LossFacts) -> dict[str, Any]:
    every = [one.index for one in facts.parameters]
    found = {
        "parameters": len(every),
        "with_grad": 0,
        "steps_before": minibatch.version,
        "fresh_step": True,
        "traced": True,
        "step_without_grad": [],
    }
    found.update({name: value for name, value in minibatch.facts.items() if value is not None and name != "clip_norm"})
    limit = minibatch.facts.get("clip_norm")
    if limit:
        found |= {"clip_limit": limit, "clipped_parameters": every, "clip_calls": 1}
    if "grad_norm_after" in found:
        found["step_grad_norm"] = found["grad_norm_after"]
    return found


def _tower(tree: _Tree, tower: str, inputs: NDArray[Any], result: NDArray[Any], facts: LossFacts) -> int:
    """The layers of one network; only the first one's input and the last one's result are kept."""
    if not facts.dense:
        return _body(tree, tower, (inputs, result), facts)
    below = NONE
    for layer in range(facts.last + 1):
        weight, bias = (facts.number(f"{tower}.{layer}.{part}") for part in ("weight", "bias"))
        shapes = {one.index: list(one.shape) for one in facts.parameters}
        turned = tree.add("T", tree.add("Accumulate", param=weight, sizes=shapes[weight]))
        leaf = tree.add("Accumulate", param=bias, sizes=shapes[bias])
        kept: dict[str, Any] = {"input": inputs} if layer == 0 else {}
        attrs: dict[str, Any] = {"weight": weight, "module": facts.module(tower, layer)}
        if layer == 0:
            attrs |= {"stride": 1, "sizes": list(inputs.shape)}
        if layer == facts.last:
            kept["result"], attrs["out"] = result, list(result.shape)
        below = tree.add("Addmm", leaf, below, turned, arrays=kept, **attrs)
        if layer < facts.last:
            below = tree.add("Relu" if facts.config.activation == "relu" else "Tanh", below)
    return below


def _body(tree: _Tree, tower: str, kept: tuple[NDArray[Any], NDArray[Any]], facts: LossFacts) -> int:
    """A network whose inside is not told: input, every parameter that its output depends on, output."""
    inputs, result = kept
    role = "policy" if tower == "actor" else "value"
    leaves = [
        tree.add("Accumulate", param=one.index, sizes=list(one.shape))
        for one in facts.parameters
        if one.role in (role, "shared") and one.name != "log_std"
    ]
    first = {"stride": 1, "sizes": list(inputs.shape), "module": facts.module(tower, 0)}
    below = tree.add("Addmm", *leaves, arrays={"input": inputs}, **first)
    turned = tree.add("Tanh", below)
    return tree.add(
        "Addmm", NONE, turned, arrays={"result": result}, module=facts.module(tower, facts.last), out=list(result.shape)
    )


def _value(tree: _Tree, arrays: dict[str, NDArray[Any]], facts: LossFacts) -> int:
    """mean((V - R)^2), or of the larger of it and the clipped one's."""
    value, target, old = arrays["value"], arrays["target"], arrays["old_value"]
    head = _tower(tree, "critic", arrays["observation"], value[:, None], facts)
    flat = tree.add("Squeeze", head, arrays={"left": value[:, None]}, dim=-1, out=[len(value)])
    error = _squared(tree, flat, value, target)
    reach = facts.rates.clip_range_value
    if reach:
        moved = value - old
        clipped = old + np.clip(moved, -reach, reach)
        away = tree.add("Sub", flat, NONE, arrays={"left": value, "right": old}, alpha=1, out=[len(value)])
        held = tree.add("Clamp", away, arrays={"self": moved}, min=-reach, max=reach, out=[len(value)])
        near = tree.add("Add", NONE, held, arrays={"left": old, "right": clipped - old}, alpha=1, out=[len(value)])
        other = _squared(tree, near, clipped, target)
        error = tree.add(
            "Maximum", error, other, arrays={"self": (value - target) ** 2, "other": (clipped - target) ** 2}
        )
    return tree.add("Mean", error)


def _squared(tree: _Tree, node: int, value: NDArray[Any], target: NDArray[Any]) -> int:
    size = [len(value)]
    away = tree.add("Sub", node, NONE, arrays={"left": value, "right": target}, alpha=1, out=size)
    return tree.add("Pow", away, arrays={"self": value - target}, exponent=2, out=size)


def _surrogate(tree: _Tree, ratio: int, arrays: dict[str, NDArray[Any]], reach: float) -> int:
    """-mean(min(r A, clip(r) A))."""
    advantage, numbers = arrays["advantage"], arrays["ratio"]
    held = tree.add("Clamp", ratio, arrays={"self": numbers}, min=1 - reach, max=1 + reach)
    plain = tree.add("Mul", ratio, NONE, arrays={"other": advantage})
    clipped = tree.add("Mul", held, NONE, arrays={"other": advantage})
    both = {"self": numbers * advantage, "other": np.clip(numbers, 1 - reach, 1 + reach) * advantage}
    least = tree.add("Minimum", plain, clipped, arrays=both)
    return tree.add("Neg", tree.add("Mean", least))


def _policy(tree: _Tree, arrays: dict[str, NDArray[Any]], facts: LossFacts) -> tuple[int, int]:
    """(mean entropy, log-probability) of the actions."""
    head = _tower(tree, "actor", arrays["observation"], arrays["outputs"], facts)
    if facts.action.continuous:
        return _gaussian(tree, head, arrays, facts)
    if facts.action.kind == "bernoulli":
        return _switches(tree, head, arrays)
    outputs, entropies, log_probs = arrays["outputs"], [], []
    actions = arrays["action"].reshape(len(outputs), -1)
    ends = np.cumsum(facts.action.sizes)
    for number, (end, size) in enumerate(zip(ends, facts.action.sizes, strict=True)):
        part, node = outputs[:, end - size : end], head
        if len(ends) > 1:
            node = tree.add("Slice", head, arrays={"left": outputs}, out=list(part.shape))
        entropy, log_prob = _categorical(tree, node, part, actions[:, number])
        entropies.append(entropy)
        log_probs.append(log_prob)
    if len(ends) > 1:
        entropies = [tree.add("Sum", tree.add("Stack", *entropies, dim=0), dim=[0], keepdim=False)]
        log_probs = [tree.add("Sum", tree.add("Stack", *log_probs, dim=0), dim=[0], keepdim=False)]
    return tree.add("Mean", entropies[0]), log_probs[0]


def _categorical(tree: _Tree, node: int, logits: NDArray[Any], action: NDArray[Any]) -> tuple[int, int]:
    """(entropy [B], log-probability [B]) of one choice."""
    top = logits.max(axis=1, keepdims=True)
    total = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    logs = logits - total
    p, shape = np.exp(logs), list(logits.shape)
    summed = tree.add("Logsumexp", node, arrays={"result": total, "self": logits}, dim=[-1], keepdim=True)
    normal = tree.add("Sub", node, summed, arrays={"left": logits, "right": total}, alpha=1, out=shape)
    soft = tree.add("Softmax", normal, arrays={"result": p}, dim=-1, out=shape)
    product = tree.add("Mul", normal, soft, arrays={"self": logs, "other": p}, out=shape)
    entropy = tree.add("Neg", tree.add("Sum", product, arrays={"left": p * logs}, dim=[-1], keepdim=False))
    index = action[:, None].astype(np.int64)
    gathered = tree.add("Gather", normal, arrays={"index": index, "self": logs}, dim=-1, out=[len(logs), 1])
    chosen = np.take_along_axis(logs, index, axis=1)
    return entropy, tree.add("Squeeze", gathered, arrays={"left": chosen}, dim=-1, out=[len(logs)])


def _gaussian(tree: _Tree, head: int, arrays: dict[str, NDArray[Any]], facts: LossFacts) -> tuple[int, int]:
    """(mean entropy, log-probability [B]) of independent Gaussians; scale: a parameter [A] or output [B, A]."""
    mean, log_std, action = arrays["outputs"], arrays["log_std"], arrays["action"]
    shape = list(mean.shape)
    std = np.broadcast_to(np.exp(log_std), mean.shape)
    away = action - mean
    if log_std.ndim == 1:
        number = facts.number("log_std")
        leaf = tree.add("Accumulate", arrays={"result": log_std}, param=number, sizes=list(log_std.shape))
    else:  # a network of the user's own gives it beside the mean
        leaf = tree.add("Slice", head, arrays={"left": log_std}, out=shape)
    spread = tree.add("Expand", tree.add("Exp", leaf, arrays={"result": np.exp(log_std)}), out=shape)
    residual = tree.add("Sub", NONE, head, arrays={"left": action, "right": mean}, alpha=1, out=shape)
    square = tree.add("Pow", residual, arrays={"self": away}, exponent=2, out=shape)
    variance = tree.add("Pow", spread, arrays={"self": std}, exponent=2, out=shape)
    twice = tree.add("Mul", variance, NONE, arrays={"other": 2.0, "left": std**2}, out=shape)
    scaled = tree.add("Div", tree.add("Neg", square, out=shape), twice,
                      arrays={"self": -(away**2), "other": 2 * std**2}, out=shape)  # fmt: skip
    log = tree.add("Log", spread, arrays={"self": std}, out=shape)
    parts = tree.add("Sub", scaled, log, arrays={"left": -(away**2) / (2 * std**2), "right": np.log(std)}, alpha=1)
    density = tree.add("Sub", parts, NONE, arrays={"right": 0.5 * np.log(2 * np.pi)}, alpha=1, out=shape)
    log_prob = tree.add("Sum", density, dim=[-1], keepdim=False, out=[len(mean)])
    again = tree.add("Log", spread, arrays={"self": std}, out=shape)
    half = 0.5 + 0.5 * np.log(2 * np.pi)
    each = tree.add("Add", NONE, again, arrays={"left": half, "right": np.log(std)}, alpha=1, out=shape)
    entropy = tree.add("Sum", each, dim=[-1], keepdim=False, out=[len(mean)])
    return tree.add("Mean", entropy), log_prob


def _switches(tree: _Tree, head: int, arrays: dict[str, NDArray[Any]]) -> tuple[int, int]:
    """(mean entropy, log-probability [B]) of independent switches."""
    logits, on = arrays["outputs"], arrays["action"].astype(np.float32)
    shape = list(logits.shape)
    soft = tree.add("Softplus", head, arrays={"self": logits}, out=shape)
    picked = tree.add("Mul", head, NONE, arrays={"other": on}, out=shape)
    log_prob = tree.add("Sum", tree.add("Sub", picked, soft, alpha=1, out=shape), dim=[-1], keepdim=False)
    p = 1 / (1 + np.exp(-logits))
    sigmoid = tree.add("Sigmoid", head, arrays={"result": p}, out=shape)
    held = tree.add("Mul", head, sigmoid, arrays={"self": logits, "other": p}, out=shape)
    entropy = tree.add("Sum", tree.add("Sub", soft, held, alpha=1, out=shape), dim=[-1], keepdim=False)
    return tree.add("Mean", entropy), log_prob
