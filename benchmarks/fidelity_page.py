"""What the runs of fidelity.py say: means, intervals and differences, for the terminal and for docs/fidelity.md."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from ppodoctor.reporting.panels import student_t

Summary = dict[str, Any]
NAMES = {
    "ours": "ppodoctor",
    "ours-lstm": "ppodoctor, LSTM",
    "ours-gru": "ppodoctor, GRU",
    "sb3": "Stable-Baselines3",
    "sb3-lstm": "sb3-contrib RecurrentPPO",
    "sb3-masked": "sb3-contrib MaskablePPO",
    "cleanrl": "CleanRL",
}
WITHOUT = {("memory", "ours"): ", no memory", ("doors", "sb3"): ", no masks"}
"""Peers that lack what the task asks for."""
FEWEST = 5
"""Seeds of each trainer for the page."""
MARGIN = 0.01
"""Part of a task's range (good minus random return) that nobody would notice."""
TWO = 12.706
"""The quantile of Student's t for two runs, which the expansion for three degrees of freedom and more does not give."""
THREE = 4.303


def quantile(df: float) -> float:
    """The 97.5% quantile of Student's t; between the tabled ones the larger."""
    if df < 3:
        return TWO if df < 2 else THREE
    return student_t(df)  # type: ignore[arg-type]


def interval(scores: Sequence[float]) -> tuple[float, float, float] | None:
    """Mean with Student's 95% interval; None for a single run."""
    if len(scores) < 2:
        return None
    middle = statistics.fmean(scores)
    half = quantile(len(scores) - 1) * statistics.stdev(scores) / math.sqrt(len(scores))
    return middle, middle - half, middle + half


def difference(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float] | None:
    """Our mean minus theirs with the 95% interval of Welch (1947), variances not taken as equal."""
    if min(len(ours), len(theirs)) < 2:
        return None
    parts = [(statistics.variance(one) / len(one), len(one) - 1) for one in (ours, theirs)]
    error = sum(part for part, _ in parts)
    middle = statistics.fmean(ours) - statistics.fmean(theirs)
    if not error:
        return middle, middle, middle
    half = quantile(error**2 / sum(part**2 / df for part, df in parts)) * math.sqrt(error)
    return middle, middle - half, middle + half


def summary(task: dict[str, Any], peers: list[str], rows: list[dict[str, Any]]) -> Summary:
    """Every peer of one task; `worse` names the other trainers that our first peer lies below."""
    found: Summary = {"task": task, "peers": {}, "worse": [], "worlds": worlds(rows)}
    first = peers[0]
    scores = {p: [row["score"] for row in rows if row["peer"] == p and "score" in row] for p in peers}
    for peer in peers:
        own = [row for row in rows if row["peer"] == peer]
        if not scores[peer]:
            found["peers"][peer] = {"missing": own[0].get("missing", "no score") if own else "not run"}
            continue
        one: dict[str, Any] = {"scores": scores[peer], "interval": interval(scores[peer])}
        one["mean"] = statistics.fmean(scores[peer])
        one["seconds"] = statistics.median([row["seconds"] for row in own if "seconds" in row])
        one["failed"] = [row["missing"] for row in own if "missing" in row]
        if peer != first and scores[first]:
            one["difference"] = gap = difference(scores[first], scores[peer])
            pairs = [(a > b) + 0.5 * (a == b) for a in scores[first] for b in scores[peer]]
            one["ours_higher"] = sum(pairs) / len(pairs)
            if gap is not None and gap[2] < -MARGIN * task["spread"] and not peer.startswith("ours"):
                found["worse"].append(peer)
        found["peers"][peer] = one
    return found


def worlds(rows: list[dict[str, Any]]) -> bool:
    """Did the same actions earn the same and end the same episodes in everybody's environment?"""
    seen = [row["world"] for row in rows if "world" in row]
    return all(
        math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-3) for one in seen for a, b in zip(one, seen[0], strict=True)
    )


def shown(found: Summary) -> str:
    """One task as lines."""
    lines = [] if found["worlds"] else ["  the environments of the peers are NOT the same: do not compare"]
    for peer, one in found["peers"].items():
        if "missing" in one:
            lines.append(f"  {peer:11} not measured: {one['missing']}")
            continue
        line = f"  {peer:11}{_number(one['mean']):>9}  {_range(one['interval'])}  n={len(one['scores'])}"
        if one.get("difference"):
            line += f"  ours minus it {_signed(one['difference'])}, ours higher {one['ours_higher']:.0%}"
            line += "  WORSE" if peer in found["worse"] else ""
        lines.append(line + f"  {one['seconds']:.0f} s a run" + (f", {one['failed']}" if one["failed"] else ""))
    return "\n".join(lines)


def page(results: list[Summary], known: dict[str, str]) -> str:
    """docs/fidelity.md, of the tasks that every trainer has been asked often enough."""
    few = [found["task"]["name"] for found in results if _fewest(found) < FEWEST]
    results = [found for found in results if _fewest(found) >= FEWEST]
    total = sum(len(one["scores"]) for found in results for one in found["peers"].values() if "scores" in one)
    worse = [found["task"]["name"] for found in results if found["worse"]]
    verdict = f"Worse than another on {', '.join(worse)}." if worse else "Nowhere is this trainer worse than another."
    if few:
        verdict += f" With fewer than {FEWEST} seeds so far, and left out: {', '.join(few)}."
    return INTRODUCTION.format(
        total=total,
        verdict=verdict,
        versions=", ".join(f"{name} {version}" for name, version in known.items()),
    ) + "\n".join(_section(found) for found in results)


INTRODUCTION = """# Does it learn as well as others?

Written by `python benchmarks/fidelity.py --cleanrl FOLDER --cleanrl-python PYTHON --json PATH --write`; do not edit by
hand. {total} runs. Each task was trained with the same settings, the same number of environment steps and the same
seeds by every trainer; one wrapper around each environment wrote down the returns. The score of a run is the mean
return of the episodes that ended in the last fifth of its steps, exploration included. Means over seeds have Student's
95% interval in brackets, differences of means (ours minus theirs) Welch's. *Worse* is a difference whose whole interval
is below zero by more than 1% of the range from random to good play. *Higher* is the part of pairs of runs in which ours
is higher; 50% is a draw.

{verdict}

The settings are not tuned for any of them; they are those of `benchmarks/peers/tasks.py`. What cannot be set stays as
each trainer has it: Stable-Baselines3 and ppodoctor bootstrap where a time limit cuts an episode off, CleanRL takes
the cut for an end; CleanRL scales observations and rewards of every environment by itself, the others by statistics
of all environments together; the last update of Stable-Baselines3 has a learning rate of 0 under the linear schedule.
CleanRL's scripts ran unmodified under gymnasium 0.29.1, which they pin; on each task the same actions were played in
both gymnasiums' environments and earned the same.

Versions: {versions}.

"""


def _fewest(found: Summary) -> int:
    return min(len(one.get("scores", ())) for one in found["peers"].values())


def _section(found: Summary) -> str:
    task = found["task"]
    lines = [f"## {task['name']}", ""]
    if task["about"]:
        lines += [task["about"] + ".", ""]
    if not found["worlds"]:
        lines += ["The environments did **not** answer alike.", ""]
    lines += [
        f"{task['steps']:,} steps.",
        "",
        "| trainer | mean return | ours minus theirs | higher | seeds | returns |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for peer, one in found["peers"].items():
        name = NAMES.get(peer, peer) + WITHOUT.get((task["name"], peer), "")
        gap = one.get("difference")
        word = " **worse**" if peer in found["worse"] else ""
        higher = f"{one['ours_higher']:.0%}" if gap else ""
        returns = ", ".join(_number(score) for score in sorted(one["scores"]))
        mean = f"{_number(one['mean'])} {_range(one['interval'])}".strip()
        lines.append(f"| {name} | {mean} | {_signed(gap)}{word} | {higher} | {len(one['scores'])} | {returns} |")
    return "\n".join([*lines, ""])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _range(found: tuple[float, float, float] | None) -> str:
    return f"[{_number(found[1])}, {_number(found[2])}]" if found else ""


def _signed(found: tuple[float, float, float] | None) -> str:
    if found is None:
        return ""
    sign = "+" if found[0] >= 0 else ""
    return f"{sign}{_number(found[0])} {_range(found)}"
