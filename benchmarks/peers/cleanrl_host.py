"""Runs a script of CleanRL, unmodified, in CleanRL's own interpreter: `cleanrl_host.py FACTS -- SCRIPT ARGUMENTS`.

FACTS is JSON: `task`, and for fidelity.py `num_envs` and `total_steps`, whose judge then sits between the script and
the environments. Needs nothing of this project's package: the interpreter may have another Python and gymnasium 0.29.

A game of images takes the place of Atari's. It needs neither random no-ops nor skipped frames nor lives, so the
wrappers for these, which the script imports from elsewhere, let everything through; growing grey and stacking frames
are the script's own.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
import types
from typing import Any

import gymnasium as gym
from judged import Ledger, fingerprint
from judging import answer
from small_games import CatchInColour

FORMER = {"LunarLander-v3": "LunarLander-v2"}
"""Ids that gymnasium 0.29 has under another number; fidelity.py compares what they do."""
ATARI = ("ClipRewardEnv", "EpisodicLifeEnv", "FireResetEnv", "MaxAndSkipEnv", "NoopResetEnv")
PIXELS = "Catch-v0"


def known(task: str) -> str:
    """The id of a task in this interpreter."""
    if task == "pixels":
        return PIXELS
    return FORMER[task] if task in FORMER and task not in gym.registry else task


def prepare() -> None:
    """Register the game of images, and stand in for Atari's wrappers."""
    gym.register(PIXELS, CatchInColour)
    wrappers = types.ModuleType("cleanrl_utils.atari_wrappers")
    for name in ATARI:
        setattr(wrappers, name, lambda env, *args, **kwargs: env)
    sys.modules["cleanrl_utils"] = types.ModuleType("cleanrl_utils")
    sys.modules[wrappers.__name__] = wrappers


def main() -> None:
    facts: dict[str, Any] = json.loads(sys.argv[1])
    script, arguments = sys.argv[3], sys.argv[4:]
    prepare()
    task, make, ledger = known(facts["task"]), gym.make, None
    if "total_steps" in facts:
        ledger = kept = Ledger(facts["num_envs"], facts["total_steps"])
        gym.make = lambda *args, **kwargs: kept.judged(make(*args, **kwargs))  # type: ignore[assignment]
    sys.argv = [script, "--env-id", task, *arguments]
    began = time.perf_counter()
    runpy.run_path(script, run_name="__main__")
    if ledger is not None:
        seconds = time.perf_counter() - began
        answer(**ledger.score(), seconds=seconds, gymnasium=gym.__version__, world=fingerprint(make(task)))


if __name__ == "__main__":
    main()
