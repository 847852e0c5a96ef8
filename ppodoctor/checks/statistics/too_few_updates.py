"""The whole run made only a handful of updates."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.run import Run


@check(
    title="The run ended after a handful of updates",
    fix="use smaller rollouts or a larger budget: PPO needs some hundred updates on most tasks",
    severity=NOTE,
    basis=RULE,
    faults=(97,),
    needs=("updates",),
    refuted_by="a return that has reached what was wanted",
    references=("case reports: a batch counted in episodes, so that one update happened in all",),
)
def too_few_updates(run: Run, *, few: int = 10, steps: int = 20_000) -> Iterator[Evidence]:
    """The script ended by itself with fewer than 10 policy updates, after 20,000 steps or more.

    What it sees: the number of updates, the steps before the last one, and whether the script had finished.

    Why it hurts: a policy gradient takes small steps; ten of them lead nowhere.

    Also looks like: any run that does not learn.

    Fix: see above.

    References: fault 97.
    """
    count, last = len(run.updates), run.updates[-1]
    if run.header.get("status") == "finished" and count < few and last.step >= steps:
        yield Evidence(
            f"{count} updates were made from {last.step} environment steps before the script ended",
            strength=0.8,
            data={"updates": count},
        )
