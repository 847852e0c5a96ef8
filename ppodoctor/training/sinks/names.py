"""What an update's numbers are called elsewhere, and turned into what is meant there by that name.

| column | CleanRL | Stable-Baselines3 |
|---|---|---|
| episode_return, mean over the update's episodes | charts/episodic_return | rollout/ep_rew_mean (over 100 episodes) |
| episode_length | charts/episodic_length | rollout/ep_len_mean |
| steps per second, since the beginning | charts/SPS | time/fps |
| learning_rate | charts/learning_rate | train/learning_rate |
| policy_loss | losses/policy_loss | train/policy_gradient_loss |
| value_loss, a mean squared error | losses/value_loss: half of it | train/value_loss |
| entropy | losses/entropy | train/entropy_loss: minus it |
| approx_kl | losses/approx_kl | train/approx_kl |
| clip_fraction | losses/clipfrac | train/clip_fraction |
| explained_variance | losses/explained_variance | train/explained_variance |
| action_std | losses/action_std | train/std |

All other columns are called ppodoctor/COLUMN; docs/columns.md says what each of them is.
"""

from __future__ import annotations

from typing import Literal

from ppodoctor.training.loop import Update

Style = Literal["cleanrl", "sb3"]
NAMES: dict[Style, dict[str, tuple[str, float]]] = {
    "cleanrl": {
        "learning_rate": ("charts/learning_rate", 1.0),
        "policy_loss": ("losses/policy_loss", 1.0),
        "value_loss": ("losses/value_loss", 0.5),
        "entropy": ("losses/entropy", 1.0),
        "approx_kl": ("losses/approx_kl", 1.0),
        "clip_fraction": ("losses/clipfrac", 1.0),
        "explained_variance": ("losses/explained_variance", 1.0),
        "action_std": ("losses/action_std", 1.0),
    },
    "sb3": {
        "learning_rate": ("train/learning_rate", 1.0),
        "policy_loss": ("train/policy_gradient_loss", 1.0),
        "value_loss": ("train/value_loss", 1.0),
        "entropy": ("train/entropy_loss", -1.0),
        "approx_kl": ("train/approx_kl", 1.0),
        "clip_fraction": ("train/clip_fraction", 1.0),
        "explained_variance": ("train/explained_variance", 1.0),
        "action_std": ("train/std", 1.0),
    },
}
EPISODES: dict[Style, tuple[str, str, str]] = {
    "cleanrl": ("charts/episodic_return", "charts/episodic_length", "charts/SPS"),
    "sb3": ("rollout/ep_rew_mean", "rollout/ep_len_mean", "time/fps"),
}


def scalars(update: Update, style: Style = "cleanrl") -> dict[str, float]:
    """The numbers of one update under the names, and with the meaning, that `style` gives them."""
    names, (name_return, name_length, name_speed) = NAMES[style], EPISODES[style]
    found: dict[str, float] = {}
    for column, value in update.learned.columns.items():
        name, factor = names.get(column, (f"ppodoctor/{column}", 1.0))
        found[name] = factor * float(value)
    ended = [one.episode for one in update.episodes]
    if ended:
        found[name_return] = sum(one.ret for one in ended) / len(ended)
        found[name_length] = sum(one.length for one in ended) / len(ended)
    found[name_speed] = update.step / max(update.wall, 1e-9)
    return found
