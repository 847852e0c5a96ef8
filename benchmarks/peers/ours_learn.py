"""One run of this trainer for the fidelity benchmark: `ours_learn.py TASK SETTINGS [reference]`."""

from __future__ import annotations

import json
import sys
import time
from collections import deque

from judging import answer
from pixels import Catch

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs import make_envs
from ppodoctor.training.setup import make_trainer


def main() -> None:
    task, settings, how = sys.argv[1:]
    config = PPOConfig.from_dict(json.loads(settings))
    began = time.perf_counter()
    envs = make_envs(Catch if task == "pixels" else task, config.num_envs)
    trainer = make_trainer(config, envs, by="torch" if how == "reference" else "")
    trainer.specimens = False
    last: deque[float] = deque(maxlen=100)
    for update in trainer.run():
        last.extend(one.episode.ret for one in update.episodes)
    answer(score=sum(last) / len(last), episodes=len(last), seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
