"""This trainer on a task of the core, run folder and all: `ours_classic.py TASK SETTINGS`."""

from __future__ import annotations

import json
import sys
import time

from judging import answer

from ppodoctor.config import PPOConfig
from ppodoctor.run import Run
from ppodoctor.training.train import train


def main() -> None:
    task, settings = sys.argv[1:]
    config = PPOConfig.from_dict(json.loads(settings))
    began = time.perf_counter()
    result = train(task, config, out="run")
    seconds = time.perf_counter() - began
    run = Run.load(result.folder)
    last = [one.ret for one in run.episodes[-100:]]
    told = f"(run folder written; environments stepped in {run.header['origin']['stepped']})"
    answer(score=sum(last) / max(len(last), 1), seconds=seconds, told=told)


if __name__ == "__main__":
    main()
