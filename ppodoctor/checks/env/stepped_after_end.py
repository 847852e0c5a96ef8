"""The script steps on after an episode has ended."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
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

    What it sees: the number of such steps, at least 1% of all.

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
