"""One run of this trainer for the fidelity benchmark: `ours_learn.py TASK SETTINGS PEER`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from judged import Ledger, fingerprint
from judging import answer
from small_games import make

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs import make_envs
from ppodoctor.training.setup import make_trainer


def settings_of(task: str, settings: str, peer: str) -> PPOConfig:
    """`ours-lstm` and `ours-gru` have that memory; everything else is the same."""
    known = json.loads(settings)
    kind = peer.partition("-")[2]
    return PPOConfig.from_dict({**known, **({"recurrent": kind} if kind in ("lstm", "gru") else {})})


def main() -> None:
    task, settings, peer = sys.argv[1:]
    config = settings_of(task, settings, peer)
    began = time.perf_counter()
    ledger = Ledger(config.num_envs, config.total_steps)
    envs = make_envs(lambda: ledger.judged(make(task)), config.num_envs)
    trainer = make_trainer(config, envs, by="torch" if peer.endswith("-torch") else "")
    trainer.specimens = False
    own = [ended.episode.ret for update in trainer.run() for ended in update.episodes]
    seconds = time.perf_counter() - began
    if own != [ret for _, ret in ledger.rows]:
        answer(missing="the returns that the trainer reports are not those that the environments gave")
        return
    facts: dict[str, Any] = {"learner": trainer.learner.name, "world": fingerprint(make(task))}
    answer(**ledger.score(), seconds=seconds, **facts)


if __name__ == "__main__":
    main()
