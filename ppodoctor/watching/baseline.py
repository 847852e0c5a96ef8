"""What simple policies earn in the environment that the script trains in, measured in a copy and in its own process.

Run as a file by the script's own interpreter, after the script: `python baseline.py RUN SECONDS` prints JSON. Standard
library, numpy and the script's gymnasium or gym only; Python 3.9 or later.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

EPISODES = 30
"""Episodes played by each policy at the most."""
LONGEST = 2000
"""Steps after which an episode without a time limit is cut."""
_MARK = "ppodoctor-baseline:"

Policy = Callable[[], Any]


def measure_baselines(folder: Path, interpreter: Sequence[str], seconds: float = 4.0) -> Optional[str]:
    """Measure in a separate process and write the returns into run.json; a sentence when that was not possible.

    Args:
        folder: The run folder.
        interpreter: The command of the script's Python, with its flags.
        seconds: Time for playing, over all policies.
    """
    command = [*interpreter, os.path.abspath(__file__), str(folder), str(seconds)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=3 * seconds + 30, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"simple policies could not be measured: {error}"
    line = next((row for row in done.stdout.splitlines() if row.startswith(_MARK)), None)
    if line is None:
        last = done.stderr.strip().splitlines()[-1:] or ["it ended without an answer"]
        return f"simple policies could not be measured: {last[0]}"
    found = json.loads(line[len(_MARK) :])
    _write(folder / "run.json", found["returns"])
    problem: Optional[str] = found.get("problem")
    return problem


def _write(path: Path, returns: Dict[str, Any]) -> None:
    header = json.loads(path.read_text(encoding="utf-8"))
    for env in header.get("envs", ()):
        env["baseline"] = returns.get(str(env.get("stream")), {})
    partial = path.with_name(".run.json")
    partial.write_text(json.dumps(header, indent=1), encoding="utf-8")
    os.replace(partial, path)


def main(folder: str, seconds: float) -> Dict[str, Any]:
    """Play in a copy of every training environment that can be made again."""
    header = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
    returns: Dict[str, Any] = {}
    problem = None
    known: Dict[str, Dict[str, List[float]]] = {}
    for env in header.get("envs", ()):
        if env.get("role") == "evaluate":
            continue
        key = json.dumps([env.get("spec_id"), env.get("spec_kwargs"), env.get("layers", [""])[-1:]], default=str)
        if key not in known:
            try:
                known[key] = _play(env, seconds)
            except Exception as error:  # whatever the environment does, the diagnosis goes on without
                problem = f"simple policies could not be measured: {type(error).__name__}: {error}"
                known[key] = {}
        returns[str(env["stream"])] = known[key]
    return {"returns": returns, "problem": problem}


def _play(facts: Dict[str, Any], seconds: float) -> Dict[str, List[float]]:
    env = _make(facts)
    space = env.action_space
    if hasattr(space, "seed"):
        space.seed(1)
    policies = dict(_policies(space))
    limit = int(facts.get("max_episode_steps") or LONGEST)
    found = {}
    for name, policy in policies.items():
        found[name] = _episodes(env, policy, limit, time.perf_counter() + seconds / len(policies))
    constant = [values for name, values in found.items() if name not in ("random", "zero") and values]
    if constant:
        found["constant"] = max(constant, key=lambda values: sum(values) / len(values))
    return {name: values for name, values in found.items() if values and not name.startswith("constant ")}


def _make(facts: Dict[str, Any]) -> Any:
    """The environment by its registered name. A class of the script's own is not made again: it may drive a machine."""
    spec = facts.get("spec_id")
    kwargs = {name: value for name, value in (facts.get("spec_kwargs") or {}).items() if name != "render_mode"}
    if not spec:
        raise LookupError("the environment has no registered name by which a copy could be made")
    for library in ("gymnasium", "gym"):
        if any(library in str(layer).split(".")[0] for layer in facts.get("layers") or ()):
            return importlib.import_module(library).make(spec, **kwargs)
    library = "gymnasium" if importlib.util.find_spec("gymnasium") else "gym"
    return importlib.import_module(library).make(spec, **kwargs)


def _policies(space: Any) -> List[Tuple[str, Policy]]:
    """random; zero; and each constant action (Discrete) or both bounds (Box), of which the best is kept."""
    kind = type(space).__name__
    found: List[Tuple[str, Policy]] = [("random", space.sample)]
    if kind == "Discrete":
        start = int(getattr(space, "start", 0))
        found += [(f"constant {a}", _always(a)) for a in range(start, start + min(int(space.n), 6))]
    elif kind == "Box":
        zero = (space.low * 0).astype(space.dtype)
        found.append(("zero", _always(zero.clip(space.low, space.high))))
        if abs(space.low).max() < 1e6 and abs(space.high).max() < 1e6:
            found += [("constant low", _always(space.low)), ("constant high", _always(space.high))]
    return found


def _always(action: Any) -> Policy:
    return lambda: action


def _episodes(env: Any, policy: Policy, limit: int, until: float) -> List[float]:
    returns: List[float] = []
    while len(returns) < EPISODES and (time.perf_counter() < until or not returns):
        total, ended = _episode(env, policy, limit, until)
        if ended:
            returns.append(total)
        elif time.perf_counter() > until:
            break
    return returns


def _episode(env: Any, policy: Policy, limit: int, until: float) -> Tuple[float, bool]:
    env.reset()
    total = 0.0
    for step in range(limit):
        out = env.step(policy())
        total += float(out[1])
        if bool(out[2]) or (len(out) == 5 and bool(out[3])):
            return total, True
        if step % 64 == 63 and time.perf_counter() > until + 2:
            return total, False
    return total, True


if __name__ == "__main__":
    # its own folder holds modules with names of the standard library's kind; they are not meant to be found by imports
    sys.path = [
        entry for entry in sys.path if os.path.abspath(entry or ".") != os.path.dirname(os.path.abspath(__file__))
    ]
    random.seed(1)
    print(_MARK + json.dumps(main(sys.argv[1], float(sys.argv[2]))))
