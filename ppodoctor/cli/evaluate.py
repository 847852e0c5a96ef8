"""`ppodoctor evaluate RUN`: new episodes with a trained policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ppodoctor.cli.asked_json import write_json
from ppodoctor.cli.statuses import UsageError

if TYPE_CHECKING:
    from ppodoctor.training.evaluate import Score
    from ppodoctor.training.trained import Trained


def evaluate(
    run: Annotated[Path, Parameter(help="A run folder of `ppodoctor train`, or its policy.safetensors.")],
    /,
    *,
    episodes: Annotated[int, Parameter(help="New episodes for each way of acting.")] = 100,
    seed: Annotated[
        int | None, Parameter(help="Of environments and actions. Without it: one that training did not use.")
    ] = None,
    environment: Annotated[
        str | None, Parameter(help="Another environment than it was trained in, with the same spaces.")
    ] = None,
    json: Annotated[
        str | None,
        Parameter(
            help="Write every return as JSON to PATH; - is standard output.", metavar="PATH", allow_leading_hyphen=True
        ),
    ] = None,
) -> int:
    """Measure what a trained policy is worth: new episodes, nothing learning, its normaliser frozen.

    Both ways of acting are measured: stochastic (actions drawn, as in training) and deterministic (the most probable
    action, or the mean). IQM is the mean of the middle half of the returns. Intervals are 95%, by bootstrap over these
    episodes: they tell of this one policy, not of what training with another seed would have brought.
    """
    from ppodoctor.cli.training import in_words

    if episodes < 1:
        raise UsageError(f"--episodes is {episodes}; a number from 1 was expected.")
    with in_words():
        from ppodoctor.training.evaluate import evaluate as measure
        from ppodoctor.training.trained import Trained

        trained = Trained.load(run, environment=environment)
        scores = [measure(trained, episodes=episodes, seed=seed, deterministic=how) for how in (False, True)]
    if json != "-":
        print(_text(run, trained, scores))
    if json is not None:
        _write(json, run, trained, scores)
    return 0


def _text(run: Path, trained: Trained, scores: list[Score]) -> str:
    """A small table, within 80 columns."""
    facts = trained.policy.facts
    count, seed = len(scores[0].returns), scores[0].seed
    lines = [
        f"{trained.environment}: {run} after {facts['steps']:,} steps, in {count} new episodes each (seed {seed})",
        "",
        f"{'':14}{'mean return':>12} {'95% interval':<18}{'IQM':>8} {'95% interval':<18}{'length':>7}",
    ]
    for one in scores:
        name = "deterministic" if one.deterministic else "stochastic"
        average, middle = one.mean, one.iqm
        lines.append(
            f"{name:14}{average.value:12.5g} {_span(average.low, average.high):<18}{middle.value:8.5g} "
            f"{_span(middle.low, middle.high):<18}{one.lengths.mean():7.5g}"
        )
    return "\n".join(lines)


def _span(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"


def _write(target: str, run: Path, trained: Trained, scores: list[Score]) -> None:
    data = {
        "schema": 1,
        "run": str(run),
        "environment": str(trained.environment),
        "steps": trained.policy.facts["steps"],
        "scores": [one.to_dict() for one in scores],
    }
    write_json(json.dumps(data, indent=1) + "\n", target)
