"""Does tuning somebody's script, unmodified and from bad settings, end better on seeds that the search never saw?

    python benchmarks/tune_scripts.py [--quick] [--cleanrl PATH/TO/ppo.py] [--python INTERPRETER] [--json PATH]

Two scripts on CartPole-v1, 10,000 steps each: one that calls stable-baselines3's PPO with a learning rate of 1e-6 and
has no flags at all, so that settings go in as keyword arguments; and CleanRL's ppo.py, where a copy of it is named,
begun with `--learning-rate 1e-6`. Eight settings are tried by Sobol points, the best get more seeds, and winner,
runner-up and the bad settings are run again on four fresh ones (--quick: two settings, two fresh seeds, SB3 alone).
Told is the winner's return less the bad settings', with Student's 95% interval over the fresh seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from study.fingerprint import ROOT, versions

STEPS = 10_000
SB3 = f"""
import gymnasium as gym
from stable_baselines3 import PPO

model = PPO("MlpPolicy", gym.make("CartPole-v1"), learning_rate=1e-6, n_steps=512, device="cpu")
model.learn({STEPS})
"""
AXES = {
    "sb3": ("learning_rate=1e-5..1e-2:log", "n_epochs=2..20", "ent_coef=0..0.05"),
    "cleanrl": ("learning-rate=1e-5..1e-2:log", "update-epochs=2..20", "ent-coef=0..0.05"),
}


def command_of(peer: str, given: argparse.Namespace, folder: Path) -> list[str]:
    """The script as its user would run it, bad settings included."""
    if peer == "sb3":
        file = folder / "their_sb3.py"
        file.write_text(SB3, encoding="utf-8")
        return [sys.executable, str(file)]
    flags = ["--no-cuda", "--total-timesteps", str(STEPS), "--learning-rate", "1e-6"]
    return [given.python, str(given.cleanrl.resolve()), *flags]


def tuned(peer: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One study by the command line; what it came to."""
    trials, seeds = ("2", "2") if given.quick else ("8", "4")
    search = [word for axis in AXES[peer] for word in ("--set", axis)]
    options = [
        "--method",
        "sobol",
        "--trials",
        trials,
        "--seeds",
        seeds,
        "--workers",
        "2",
        "--out",
        str(folder / "study"),
    ]
    tune = [sys.executable, "-m", "ppodoctor", "tune", *search, *options, "--", *command_of(peer, given, folder)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    began = time.perf_counter()
    subprocess.run(tune, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads((folder / "study" / "tune.json").read_text(encoding="utf-8"))
    return {"seconds": time.perf_counter() - began, **{key: found[key] for key in ("gain", "compared", "sentences")}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two settings, two fresh seeds, SB3 alone")
    parser.add_argument("--cleanrl", type=Path, help="CleanRL's ppo.py")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has what CleanRL needs")
    parser.add_argument("--only", default="", help="sb3 or cleanrl")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores; {versions()}; {STEPS:,} steps a trial")
    peers = [peer for peer in AXES if given.only in peer and (peer == "sb3" or (given.cleanrl and not given.quick))]
    result = {}
    for peer in peers:
        with tempfile.TemporaryDirectory() as name:
            result[peer] = found = tuned(peer, given, Path(name))
        means = {one["role"]: one["mean"]["value"] for one in found["compared"]}
        gain = found["gain"]
        span = f"{gain['value']:+.1f} ({gain['low']:+.1f} to {gain['high']:+.1f})"
        print(
            f"  {peer:8} bad settings {means['default']:7.1f}   winner {means['winner']:7.1f}   difference {span}",
            end="",
        )
        print(f"   {found['compared'][0]['settings']}   {found['seconds']:.0f} s", flush=True)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(one["gain"]["low"] > 0 for one in result.values()) or given.quick else 1


if __name__ == "__main__":
    sys.exit(main())
