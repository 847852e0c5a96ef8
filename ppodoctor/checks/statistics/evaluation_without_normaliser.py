"""The evaluation environment lacks the normalisation that training has."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.run import Run


@check(
    title="Evaluation runs without the observation normalisation of training",
    fix="wrap the evaluation environment alike, load the training statistics into it, and freeze them",
    severity=NOTE,
    faults=(95,),
    needs=("envs",),
    refuted_by="an evaluation that normalises inside of the script",
    references=("Stable-Baselines3, VecNormalize: save and load the statistics, training=False",),
)
def evaluation_without_normaliser(run: Run) -> Iterator[Evidence]:
    """A wrapper that normalises observations is around the training environment and not around the one for evaluation.

    What it sees: the wrappers of all environments, and which of them train.

    Why it hurts: the policy sees numbers in evaluation that it has never seen; its score there says nothing.

    Also looks like: a policy that has not learned.

    Fix: see above.

    References: Stable-Baselines3 documentation; fault 95.
    """
    names = ("NormalizeObservation", "VecNormalize")

    def normalises(layers: tuple[str, ...]) -> bool:
        return any(name in layer for layer in layers for name in names)

    train = [e for e in run.train_envs if e.steps]
    for env in run.envs:
        if (
            env.role == "evaluate"
            and env.steps
            and not normalises(env.layers)
            and any(normalises(t.layers) for t in train)
        ):
            yield Evidence(
                f"the environment made for evaluation has the layers {', '.join(env.layers)}; training normalises",
                where=(env.made_at,) if env.made_at is not None else (),
            )
            return
