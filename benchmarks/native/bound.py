"""What share of this machine's own matrix-product bound the core is."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from native.settings import ENVS, attached, workload

FLOP_FORWARD, FLOP_UPDATE = 17_792, 52_352
"""Per sample, both towers: 4-64-64-2 and 4-64-64-1; the backward pass needs no gradient at the observations."""
FLOP_STEP = FLOP_FORWARD + 4 * FLOP_UPDATE


def core_speed(envs: int, steps: int) -> float:
    """Environment steps per second of a whole training run in the bare core."""
    learner = attached(workload(envs, steps))
    learner.train(2)
    began = time.perf_counter()
    learner.train(learner.config.updates - 2)
    return (learner.config.updates - 2) * learner.config.batch_size / (time.perf_counter() - began)


def gemm_speed(rows: int, seconds: float) -> float:
    """FLOP per second of a [rows, 64] x [64, 64] product: the faster of numpy and torch."""
    left, right = np.random.default_rng(0).standard_normal((2, max(rows, 64), 64)).astype(np.float32)
    left, right = left[:rows].copy(), right[:64].copy()
    out = np.empty((rows, 64), np.float32)
    found = [_rate(lambda: np.matmul(left, right, out=out), seconds)]
    try:
        import torch
    except ImportError:
        pass
    else:
        torch.set_num_threads(1)
        a, b, c = torch.from_numpy(left), torch.from_numpy(right), torch.from_numpy(out)
        found.append(_rate(lambda: torch.mm(a, b, out=c), seconds))
    return max(found) * 2 * rows * 64 * 64


def _rate(call: Any, seconds: float) -> float:
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for _ in range(50):
            call()
        count += 50
    return count / spent


def against_the_bound(quick: bool) -> list[dict[str, Any]]:
    """Core and products measured in turn, so that whatever else the machine does meets both."""
    repeats, steps = (3, 100_000) if quick else (7, 400_000)
    rows = []
    for envs in ENVS:
        batch = envs * 128 // 4
        speeds, bounds = [], []
        for _ in range(repeats):
            bounds.append(max(gemm_speed(n, 0.1) for n in (batch, 4096)) / FLOP_STEP)
            speeds.append(core_speed(envs, steps))
        shares = [speed / bound for speed, bound in zip(speeds, bounds, strict=True)]
        rows.append(
            {
                "envs": envs,
                "steps_per_second": statistics.median(speeds),
                "bound": statistics.median(bounds),
                "gemm_gflops": statistics.median(bounds) * FLOP_STEP / 1e9,
                "share_of_bound": statistics.median(shares),
            }
        )
        text = "{envs:4d} envs: {steps_per_second:9,.0f} steps/s in the core, {share_of_bound:.0%} of {bound:,.0f}"
        print(text.format(**rows[-1]))
    return rows
