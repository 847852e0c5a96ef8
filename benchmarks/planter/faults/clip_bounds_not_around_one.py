"""The ratio is clipped to [eps, 1 + eps], or as if it were a difference."""

from planter.fault import Fault
from planter.patterns import clamp_parts, clamps
from planter.source import Source


def plant(source: Source) -> None:
    """The lower bound loses its `1 -`."""
    for spot in reversed(clamps(source)):
        inner, low, high = clamp_parts(source, spot)
        source.swap(spot, f"torch.clamp({inner}, {low.split('-', 1)[1].strip()}, {high})")


def plant_around_zero(source: Source) -> None:
    """Both bounds lose their one."""
    for spot in reversed(clamps(source)):
        inner, low, _ = clamp_parts(source, spot)
        eps = low.split("-", 1)[1].strip()
        source.swap(spot, f"torch.clamp({inner}, -{eps}, {eps})")


FAULT = Fault(
    id="clip_bounds_not_around_one",
    family="update",
    numbers=(7,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    heldout_plant=plant_around_zero,
    edits={
        "memory_batches": [
            (
                "T.clamp(prob_ratio, 1 - self.policy_clip, 1 + self.policy_clip) * weights",
                "T.clamp(prob_ratio, -self.policy_clip, self.policy_clip) * weights",
            )
        ],
        "mini_library": [
            ("torch.clamp(ratio, 1 - clip_range, 1 + clip_range)", "torch.clamp(ratio, -clip_range, clip_range)")
        ],
    },
)
