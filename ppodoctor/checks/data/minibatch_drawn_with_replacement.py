"""Minibatches repeat some samples and miss others."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.samples import first_epochs, inputs_collapsed
from ppodoctor.run import Run


@check(
    title="In one pass some samples are used several times and others never (minibatches drawn with replacement)",
    fix="Shuffle the indices once per epoch and walk through them: randperm(n).split(minibatch_size).",
    faults=(19,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("samples_dropped",),
    refuted_by="A first pass in which no sample comes twice.",
    references=("docs/faults.md: invariant I9", "Huang et al. 2022, The 37 implementation details of PPO"),
)
def minibatch_drawn_with_replacement(run: Run, *, share: float = 0.03) -> Iterator[Evidence]:
    """Within the first pass over a rollout the same step is used more than once.

    What it sees: the environment steps that the first minibatches of an update are made of.

    Why it hurts: about a third of the rollout is never learned from in a pass, and repeated samples are moved further
    than the clip was tuned for. Scripts learn in spite of it.

    Also looks like: environments whose observations repeat; samples that cannot be told apart are left out here.

    Fix: permute instead of drawing.

    References: Huang et al. 2022, The 37 implementation details of PPO; docs/faults.md, invariant I9.
    """
    if inputs_collapsed(run):
        raise Missing("the stored observations are not those of the steps")
    found = [epoch for epoch in first_epochs(run) if epoch.samples >= 16]
    if not found:
        raise Missing("no first pass over a recorded rollout could be followed")
    bad = [epoch for epoch in found if epoch.repeated > share * epoch.samples]
    if len(bad) < 0.5 * len(found):
        return
    epoch = bad[0]
    text = f"{epoch.repeated} of the first {epoch.samples} samples of an update repeat an earlier one of the same pass"
    if epoch.missing:
        text += f", and {epoch.missing} of {epoch.steps} steps were not used in it"
    yield Evidence(text, first_update=epoch.update, data={"seen": epoch.repeated / epoch.samples})
