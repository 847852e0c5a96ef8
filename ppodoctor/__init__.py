"""ppodoctor: why does this PPO not learn? Watch a script, read its loss, name the cause.

Importing the package is light: no torch, no gymnasium, no terminal library. Public names load on first use.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = [
    "PPOConfig",
    "Run",
    "__version__",
    "diagnose",
    "explained_variance",
    "gae",
    "ppo_loss",
    "train",
    "watch",
]

TYPE_CHECKING = False  # importing typing would cost every interpreter of a watched command
if TYPE_CHECKING:
    from ppodoctor.config import PPOConfig
    from ppodoctor.diagnosis import diagnose
    from ppodoctor.run import Run
    from ppodoctor.training.advantage import gae
    from ppodoctor.training.losses import explained_variance, ppo_loss
    from ppodoctor.training.train import train
    from ppodoctor.watching.here import watch

_HOMES = {
    "PPOConfig": "ppodoctor.config",
    "Run": "ppodoctor.run",
    "diagnose": "ppodoctor.diagnosis",
    "explained_variance": "ppodoctor.training.losses",
    "gae": "ppodoctor.training.advantage",
    "ppo_loss": "ppodoctor.training.losses",
    "train": "ppodoctor.training.train",
    "watch": "ppodoctor.watching.here",
}


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ppodoctor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
