"""What ran: the facts of a run that stand at the head of a report."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from ppodoctor.records import EnvFacts, SpaceFacts
from ppodoctor.reporting.ending import Ending
from ppodoctor.reporting.words import clean, count, duration, listed, number, one_line
from ppodoctor.run import Run


@dataclass(frozen=True)
class Fact:
    """A name and its value, both for people."""

    name: str
    text: str


def run_facts(run: Run, ending: Ending) -> tuple[tuple[Fact, ...], dict[str, Any]]:
    """The facts for people, and the same for machines."""
    envs = run.train_envs
    steps = steps_of(run)
    wall = run.updates[-1].wall if run.updates else None
    size = [count(len(run.updates), "update")]
    size += [count(steps, "step")] if steps else []
    size += [count(len(run.episodes), "episode")] if run.episodes else []
    size += [duration(wall)] if wall is not None else []
    rows = {
        "Command": command_text(run),
        "Environment": "; ".join(env_text(env) for env in envs[:3]),
        "Watched": ", ".join(size),
        "Ended": _end(run, ending),
        "Versions": _versions(run),
        "Folder": clean(run.folder) if run.folder else "",
    }
    machine = {
        "folder": str(run.folder) if run.folder else None,
        "command": run.header.get("command"),
        "status": run.header.get("status"),
        "producer": run.header.get("producer"),
        "updates": len(run.updates),
        "steps": steps,
        "episodes": len(run.episodes),
        "wall": wall,
        "environments": [env_text(env) for env in envs],
    }
    return tuple(Fact(name, text) for name, text in rows.items() if text), machine


def steps_of(run: Run) -> int:
    """Environment steps of the training streams, as far as the run tells."""
    counted = sum(env.steps for env in run.train_envs)
    rows = run.updates[-1].step if run.updates else 0
    return max(counted, rows, max((e.step for e in run.episodes), default=0))


def command_text(run: Run) -> str:
    """The command as one would type it."""
    command = run.header.get("command") or run.header.get("argv") or ()
    if isinstance(command, str):
        return one_line(command, 300)
    return one_line(shlex.join(map(str, command)), 300) if isinstance(command, list | tuple) else ""


def script_name(run: Run) -> str:
    """The script's file name without its ending, for titles; "run" where the command does not show one."""
    command = run.header.get("command") or ()
    words = [str(word) for word in command] if isinstance(command, list | tuple) else []
    script = next((word for word in words if word.endswith(".py")), "")
    module = next((words[i + 1] for i, word in enumerate(words[:-1]) if word == "-m"), "")
    return one_line(PurePath(script).name or module or "run", 80)


def env_text(env: EnvFacts) -> str:
    """CartPole-v1 x 8, observations Box(4), 2 actions."""
    name = env.spec_id or env.cls.rsplit(".", 1)[-1] or "environment"
    many = f" x {env.num_envs}" if env.num_envs > 1 else ""
    limit = f", episodes of at most {number(env.max_episode_steps)} steps" if env.max_episode_steps else ""
    return one_line(f"{name}{many}: observations {_space(env.observation)}, actions {_space(env.action)}{limit}", 200)


def _space(space: SpaceFacts) -> str:
    if space.n is not None:
        return f"{space.kind}({space.n})"
    inside = ", ".join(map(str, space.shape or space.nvec))
    return f"{space.kind}({inside})" if inside else space.kind


def _end(run: Run, ending: Ending) -> str:
    if ending.stopped:
        return one_line(f"stopped by ppodoctor: {ending.stopped}")
    if ending.interrupted:
        return one_line(f"interrupted by {ending.interrupted}")
    return one_line(run.header.get("reason") or run.header.get("status", ""), 200)


def _versions(run: Run) -> str:
    found = {name: run.header.get(name) for name in ("python", "torch", "gymnasium", "gym", "numpy")}
    return listed(f"{name} {one_line(version, 40)}" for name, version in found.items() if isinstance(version, str))


def seen_instead(run: Run, ending: Ending) -> str:
    """For a run without a policy update: what was seen in its place."""
    if run.updates:
        return ""
    steps = steps_of(run)
    imported = sorted(ending.imported)
    seen = [f"{listed(imported)} {'was' if len(imported) == 1 else 'were'} imported"] if imported else []
    seen += [f"{count(steps, 'environment step')} in {env_text(run.train_envs[0])}"] if steps and run.train_envs else []
    seen += [count(len(run.episodes), "finished episode")] if run.episodes else []
    seen += [count(len(run.minibatches), "backward call")] if run.minibatches else []
    for optimizer in run.optimizers:
        seen.append(f"{count(optimizer.steps, 'step')} of {one_line(optimizer.cls.rsplit('.', 1)[-1], 60)}")
    if not seen:
        return "No policy update was seen; neither was an environment, a loss, or the import of torch or gymnasium."
    return f"No policy update was seen. Seen instead: {'; '.join(seen)}."


def learning_text(learning: dict[str, Any]) -> str:
    """The sentence on how the return went."""
    return clean(learning.get("text", ""))
