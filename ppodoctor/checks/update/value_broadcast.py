"""Prediction and target of the value loss have different shapes."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import site_over, sites_of, value_minibatches
from ppodoctor.run import Run


@check(
    title="Value prediction and target are broadcast: every prediction is compared with every target",
    fix="Squeeze the prediction to [B] (value.squeeze(-1)) and assert value.shape == target.shape.",
    faults=(12,),
    needs=("minibatches",),
    explains=("value_function_blind", "value_loss_swamps_policy"),
    rivals=("value_function_blind", "reward_scale_too_large"),
    refuted_by="An error with as many numbers as there are samples.",
)
def value_broadcast(run: Run) -> Iterator[Evidence]:
    """[B, 1] minus [B] gives [B, B].

    What it sees: the number of errors under the value loss against the shapes of prediction and target.

    Why it hurts: the best prediction is then the mean of all targets for every state; explained variance stays at 0.

    Also looks like: a critic that cannot learn (scale, learning rate); there the shapes agree.

    Fix: equal shapes.
    """
    for reading, value, _ in value_minibatches(run):
        sizes = [_size(value.prediction_shape), _size(value.target_shape)]
        largest = max(sizes[0], sizes[1] if value.target is not None and value.target.size != value.elements else 0)
        told = f"{list(value.target_shape)} " if sizes[1] == largest else ""
        # errors that outnumber both sides are made of both; where one side is as large, it may be right
        both = value.target is not None and value.elements > max(sizes[0], value.target.size) > 1
        if largest > 1 and (both or 1 < value.elements >= largest * max(2, largest // 2)):
            yield Evidence(
                f"prediction {list(value.prediction_shape)} against target {told}gives {value.elements} errors for "
                f"{largest} samples",
                where=sites_of(site_over(tuple(v for _, v, _ in value_minibatches(run)), "site")),
                first_update=reading.update,
            )
            return


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size if shape else 0
