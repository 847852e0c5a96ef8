"""What the parts of the core's benchmark have in common: settings, one processor for every peer, their answers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS, Learner

PEERS = Path(__file__).resolve().parent.parent / "peers"
ENVS = (4, 8, 64)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
XLA_FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def workload(envs: int, steps: int, **settings: Any) -> PPOConfig:
    """CartPole as CleanRL's ppo.py has it."""
    given = {
        "num_envs": envs,
        "rollout_steps": 128,
        "total_steps": steps,
        "epochs": 4,
        "minibatches": 4,
        "gamma": 0.99,
        "gae_lambda": 0.95,
        "hidden_sizes": (64, 64),
        "learning_rate": 2.5e-4,
        "learning_rate_schedule": "linear",
        "clip_range_value": 0.2,
        "entropy_coefficient": 0.01,
        "value_coefficient": 0.25,
        **settings,
    }
    return PPOConfig(**given)


def attached(config: PPOConfig, task: str = "CartPole-v1") -> Learner:
    """A bare learner of the core on a task of its own."""
    learner = Learner(config, TASKS[task].spec)
    learner.attach(task)
    return learner


def asked(peer: str, *words: str, python: str = sys.executable) -> dict[str, Any]:
    """The answer of a peer in a process, a folder and on a processor of its own; `missing` says why there is none."""
    environment = {**os.environ, **ONE_THREAD, "XLA_FLAGS": XLA_FLAGS, "JAX_PLATFORMS": "cpu"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, str(PEERS / peer), *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_one_processor,
        )
    lines = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return {"missing": f"{peer} ended with status {done.returncode}: {last}"}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _one_processor() -> None:
    """Whatever threads a peer starts, they share one."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def median(rows: list[dict[str, Any]], name: str) -> float:
    """Of one number in several answers."""
    return statistics.median(row[name] for row in rows)
