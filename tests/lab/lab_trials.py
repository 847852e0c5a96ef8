"""Small trials."""

from __future__ import annotations

from ppodoctor.lab import Trial


def tiny(**changes):
    """A training of a moment that the core takes whole."""
    seed = changes.pop("seed", 1)
    steps = changes.pop("steps", 1024)
    return Trial("CartPole-v1", changes={"rollout_steps": 32, "epochs": 1, **changes}, seed=seed, steps=steps)
