"""Invariants of the update: ratios, gradients, entropy, KL, schedules."""

from __future__ import annotations

import re
from math import erfc, log, sqrt
from typing import Any, Dict, List, Tuple

import numpy as np

from ppodoctor.measures.configured import named_numbers
from ppodoctor.measures.invariants import Answer, Test, unknown
from ppodoctor.measures.minibatches import PolicyMinibatch, entropy_minibatches, policy_minibatches
from ppodoctor.measures.telemetry import log_ratio
from ppodoctor.run import Run

Array = Any
LEARNING_RATE = re.compile(r"^(lr|learning_?rate|pi_?lr|lr_?(actor|policy)|actor_?lr|policy_?lr|LR)$", re.I)


def _ratio_is_one(run: Run) -> Answer:
    found = [m for m in policy_minibatches(run) if m.in_order and m.log_ratio_size is not None]
    if not found:
        return unknown("no ratio of a first minibatch could be read")
    worst = max(found, key=lambda m: m.log_ratio_size or 0.0)
    size, bad = worst.log_ratio_size or 0.0, [m for m in found if (m.log_ratio_size or 0.0) > 20 * m.rounding]
    first = (bad or found)[0].reading.update
    return not bad, size, f"largest |log ratio| before the first step of an update: {size:.3g}", first


def _later(run: Run) -> List[Tuple[PolicyMinibatch, Array, Array]]:
    """The last recorded minibatch of each update with its log ratios and advantages."""
    last: Dict[int, Tuple[PolicyMinibatch, Array, Array]] = {}
    for m in policy_minibatches(run):
        logs, advantage = log_ratio(m.reading), m.surrogate.advantage
        if m.in_order or logs is None or advantage is None or logs.size != np.size(advantage):
            continue
        if np.isfinite(logs).all():
            flat = np.asarray(advantage, np.float64).ravel()
            last[m.reading.update] = (m, np.asarray(logs, np.float64).ravel(), flat)
    return list(last.values())


def _moves_with_advantage(run: Run) -> Answer:
    found = []
    for m, logs, advantage in _later(run):
        if logs.std() > 1e-9 and advantage.std() > 0:
            found.append((float(np.corrcoef(logs, advantage)[0, 1]), m.reading.update, len(logs)))
    if not found:
        return unknown("no minibatch after a step whose ratios differ from 1")
    middle = float(np.median([one for one, _, _ in found]))
    noise = 2 / sqrt(sum(size for _, _, size in found))
    text = f"median correlation of advantage and change of log-probability: {middle:.2f} (noise {noise:.2f})"
    return None if abs(middle) < noise else middle > 0, middle, text, found[0][1]


def _parameters_move(run: Run) -> Answer:
    known = [p for p in run.parameters if p.requires_grad]
    if not known:
        return unknown("no parameters were seen")
    outside = [p.name for p in known if not p.optimizers]
    still = [p.name for p in known if p.optimizers and p.moved is False]
    bad = outside + still
    text = f"{len(outside)} of {len(known)} trainable tensors are in no optimizer, {len(still)} did not move"
    return not bad, float(len(bad)), text + (f" ({', '.join(bad[:3])})" if bad else ""), 1


def _entropy_is_right(run: Run) -> Answer:
    apart, inside, first = [], [], None
    for reading, entropy, _ in entropy_minibatches(run):
        logits = None if reading.head is None else reading.head.logits
        if entropy.value is None or logits is None or entropy.form != "categorical":
            continue
        value, top = np.asarray(entropy.value, np.float64), log(np.shape(logits)[-1])
        inside.append(bool(value.min() >= -1e-4 and value.max() <= top + 1e-4))
        first = reading.update if first is None else first
        if entropy.expected is not None and np.size(entropy.expected) == value.size:
            apart.append(float(np.abs(value.ravel() - np.ravel(entropy.expected)).max()))
    if first is None:
        return unknown("no entropy of a categorical distribution in the loss")
    worst = max(apart, default=0.0)
    text = f"largest difference of the entropy from its closed form: {worst:.3g} nats"
    return worst < 1e-3 and all(inside), worst, text, first


def _kl_estimates_agree(run: Run) -> Answer:
    found = _later(run)
    if not found:
        return unknown("no minibatch after a step")
    worst, at, value = 0.0, found[0][0].reading.update, 0.0
    for m, logs, _ in found:
        k3 = float(np.mean(np.expm1(logs) - logs))
        noise = float(np.std(logs) / sqrt(max(len(logs), 1))) + k3 + 1e-9
        off = abs(float(-np.mean(logs)) - k3) / noise
        if off > worst:
            worst, at, value = off, m.reading.update, k3
    text = f"k1 and k3 differ by at most {worst:.2g} standard errors (k3 there: {value:.3g})"
    return worst < 5.0, worst, text, at


def _clip_share_fits_kl(run: Run) -> Answer:
    apart = []
    for m, logs, _ in _later(run):
        low, high = m.surrogate.clip_low, m.surrogate.clip_high
        if low is None or high is None or not 0 < low < 1 < high:
            continue
        kl = float(np.mean(np.expm1(logs) - logs))
        ratio = np.exp(logs)
        seen = float(np.mean((ratio < low) | (ratio > high)))
        spread = sqrt(max(2 * kl, 1e-12))
        # of a normal log ratio with this KL
        model = 0.5 * erfc(log(high) / spread / sqrt(2)) + 0.5 * erfc(-log(low) / spread / sqrt(2))
        apart.append((seen - model, m.reading.update))
    if not apart:
        return unknown("no clipped minibatch after a step")
    worst = max(apart, key=lambda one: abs(one[0]))
    text = f"clipped share minus the share that the KL divergence implies: {worst[0]:+.2f} where it differs most"
    return abs(worst[0]) < 0.2, worst[0], text, worst[1]


def _rate_as_configured(run: Run) -> Answer:
    named = named_numbers(run, LEARNING_RATE)
    rates = run.column("learning_rate")
    rates = rates[np.isfinite(rates)]
    if not named or not len(rates):
        return unknown("no learning rate is named in the script, or none was observed")
    first = float(rates[0])
    holds = any(0.9 * one.value <= first <= one.value * 1.001 for one in named)
    told = ", ".join(sorted({f"{one.value:g}" for one in named}))
    return holds, first, f"the first learning rate applied is {first:g}; the script names {told}", 1


TESTS: Dict[str, Tuple[str, Test]] = {
    "I1": ("The ratio is 1 in the first minibatch of the first epoch", _ratio_is_one),
    "I2": ("Actions with a positive advantage become likelier", _moves_with_advantage),
    "I7": ("Every trainable parameter is in an optimizer and moves", _parameters_move),
    "I8": ("The entropy is that of the whole distribution", _entropy_is_right),
    "I12": ("The estimators of the KL divergence agree", _kl_estimates_agree),
    "I13": ("The clipped share is the one that the KL divergence implies", _clip_share_fits_kl),
    "I16": ("The learning rate applied is the configured one", _rate_as_configured),
}
