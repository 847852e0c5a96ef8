"""The whole of `train`, run folder and all, beside other trainers: steps per second, and what was learned by them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from native.settings import ENVS, asked, median, workload
from ppodoctor.config import PPOConfig
from ppodoctor.training.presets import config_for

TASKS_BESIDE_SB3 = ("Pendulum-v1", "Acrobot-v1", "MountainCarContinuous-v0")


@dataclass(frozen=True)
class Others:
    """Where the peers are that no package index has, or that want an interpreter of their own."""

    jax_python: str = ""
    purejaxrl: str = ""

    def ask(self, peer: str, task: str, config: PPOConfig) -> dict[str, Any]:
        """One run of a peer."""
        settings = json.dumps(config.to_dict())
        if peer == "ours":
            return asked("ours_classic.py", task, settings)
        if peer == "sb3":
            return asked("sb3_classic.py", task, settings)
        if not self.jax_python:
            return {
                "missing": f"{peer} needs JAX: --jax-python takes an interpreter that has rejax, gymnax and distrax"
            }
        if peer == "rejax":
            return asked("jax_classic.py", "rejax", settings, "", python=self.jax_python)
        if not self.purejaxrl:
            return {"missing": "--purejaxrl takes the folder of a checkout of PureJaxRL"}
        folder = str(Path(self.purejaxrl).resolve())
        return asked("jax_classic.py", "purejaxrl", settings, folder, python=self.jax_python)


def compare(others: Others, peers: tuple[str, ...], task: str, config: PPOConfig, repeats: int) -> dict[str, Any]:
    """Peers in turn, so many times with other seeds; medians of speeds and of their ratios within a repeat."""
    answers: dict[str, list[dict[str, Any]]] = {peer: [] for peer in peers}
    missing: dict[str, str] = {}
    for repeat in range(repeats):
        wanted = PPOConfig.from_dict({**config.to_dict(), "seed": 1 + repeat})
        for peer in (one for one in peers if one not in missing):
            found = others.ask(peer, task, wanted)
            if "missing" in found:
                missing[peer] = found["missing"]
            else:
                answers[peer].append(
                    {**found, "steps_per_second": wanted.updates * wanted.batch_size / found["seconds"]}
                )
    row: dict[str, Any] = {"task": task, "envs": config.num_envs, "steps": config.total_steps, "missing": missing}
    for peer in (one for one in peers if one not in missing):
        pairs = zip(answers["ours"], answers[peer], strict=True)
        ratios = [{"ratio": ours["steps_per_second"] / theirs["steps_per_second"]} for ours, theirs in pairs]
        row[peer] = {
            "steps_per_second": median(answers[peer], "steps_per_second"),
            "ours_is": median(ratios, "ratio"),
            "returns": [one["score"] for one in answers[peer]],
            "compile_seconds": median(answers[peer], "compile") if "compile" in answers[peer][0] else 0.0,
            "told": answers[peer][0].get("told", ""),
        }
    _tell(row, peers)
    return row


def _tell(row: dict[str, Any], peers: tuple[str, ...]) -> None:
    print(f"{row['task']}, {row['envs']} environments, {row['steps']:,} steps:")
    for peer in peers:
        if peer in row["missing"]:
            print(f"     {peer}: no row, {row['missing'][peer]}")
            continue
        one = row[peer]
        compiled = f", {one['compile_seconds']:.1f} s of compiling not counted" if one["compile_seconds"] else ""
        ratio = "" if peer == "ours" else f", ours is {one['ours_is']:.2f} x"
        returns = ", ".join(f"{value:.0f}" for value in one["returns"])
        print(
            f"     {peer:9s} {one['steps_per_second']:9,.0f} steps/s{ratio}{compiled}; returns {returns} {one['told']}"
        )


def beside_others(others: Others, quick: bool) -> list[dict[str, Any]]:
    """The workload at each number of environments."""
    steps, repeats = (24_576, 1) if quick else (204_800, 3)
    peers = ("ours", "sb3", "rejax", "purejaxrl")
    return [compare(others, peers, "CartPole-v1", workload(envs, steps), repeats) for envs in ENVS]


def beside_sb3(quick: bool) -> list[dict[str, Any]]:
    """The other tasks, each with the settings that `ppodoctor train` begins from."""
    length, repeats = ({"total_steps": 8_192}, 1) if quick else ({"total_steps": 102_400}, 3)
    rows = []
    for task in TASKS_BESIDE_SB3:
        config = PPOConfig.from_dict({**config_for(task).to_dict(), **length})
        rows.append(compare(Others(), ("ours", "sb3"), task, config, repeats))
    return rows
