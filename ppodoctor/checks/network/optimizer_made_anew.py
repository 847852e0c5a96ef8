"""A new optimizer is made for every update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The optimizer is made anew for each update and forgets its moments",
    fix="make the optimizer once, before the training loop",
    mild=True,
    faults=(26,),
    needs=("optimizers",),
    explains=("steps_too_large",),
    refuted_by="one optimizer that takes all steps",
    references=("fault 26: KL spikes at each iteration's first step",),
)
def optimizer_made_anew(run: Run, *, least: int = 5) -> Iterator[Evidence]:
    """One line of the script makes optimizer after optimizer.

    What it sees: the optimizers that took steps, by the line that made them.

    Why it hurts: Adam's first steps are of full size whatever the gradient is, since its averages start at 0. Each
    update begins with such a jump.

    Also looks like: a learning rate that is too high.

    Fix: see above.

    References: fault 26.
    """
    made = Counter((str(o.made_at), o.cls) for o in run.optimizers if o.made_at is not None and o.steps > 0)
    for (place, kind), count in made.items():
        if count >= least:
            first = next(o for o in run.optimizers if str(o.made_at) == place)
            yield Evidence(
                f"{count} optimizers ({kind}) were made at {place}, each for a few steps",
                where=(first.made_at,) if first.made_at is not None else (),
                strength=0.7,
                data={"count": count},
            )
