"""The script steps on after an episode has ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.run import Run


@check(
    title="The environment is stepped on after its episode has ended",
    fix="reset when terminated or truncated is true",
    tolerable=True,
    faults=(29, 49),
    needs=("envs",),
    rivals=("time_limit_read_as_death",),
    refuted_by="a reset after every end",
    references=("Gymnasium, Env.step: behaviour after the end is undefined",),
)
def stepped_after_end(run: Run, *, share: float = 0.01) -> Iterator[Evidence]:
    """Steps are taken on an environment that has reported its end and was not reset.

    What it sees: the number of such steps, at least 1% of all. Of copies that reset themselves: an end is followed by
    another end in the very next step, nearly always, while ends are rare elsewhere.

    Why it hurts: what an environment returns there is undefined. After a mere time limit many go on as if nothing had
    happened, which is why such scripts may still learn.

    Also looks like: episodes longer than the time limit.

    Fix: `if terminated or truncated: obs, info = env.reset()`.

    References: Gymnasium, Env.step; fault 29.
    """
    for env in run.train_envs:
        if env.steps and env.stepped_after_end > share * env.steps:
            part = env.stepped_after_end / env.steps
            yield Evidence(
                f"{env.stepped_after_end} of {env.steps} steps ({part:.0%}) were taken after the episode had ended",
                where=tuple(site for site in (env.stepped_at,) if site is not None),
                strength=min(1.0, 0.3 + part),
                data={"seen": part},
            )
            return
    chained = _chained_ends(run)
    if chained is not None:
        behind, again, usual = chained
        yield Evidence(
            f"in {again} of {behind} steps right behind an end of their copy the episode ends once more, elsewhere in "
            f"{usual:.1%}: what ended was not reset, or not its clock",
            where=tuple(env.stepped_at for env in run.train_envs[:1] if env.stepped_at is not None),
            strength=0.6,
            data={"seen": again / behind, "elsewhere": usual},
        )


def _chained_ends(run: Run, *, least: int = 20) -> tuple[int, int, float] | None:
    """Steps behind an end, how many of them end too, and the share of ends among other steps; None if unremarkable."""
    ends = [
        np.asarray(r.terminated) | np.asarray(r.truncated) for r in train_rollouts(run) if np.shape(r.reward)[1] > 1
    ]
    behind = sum(int(end[:-1].sum()) for end in ends)
    again = sum(int((end[1:] & end[:-1]).sum()) for end in ends)
    others = sum(int((~end[:-1]).sum()) for end in ends)
    usual = sum(int((end[1:] & ~end[:-1]).sum()) for end in ends) / max(others, 1)
    rare = others >= least and usual < 0.1
    return (behind, again, usual) if again >= least and again >= 0.6 * behind and rare else None
