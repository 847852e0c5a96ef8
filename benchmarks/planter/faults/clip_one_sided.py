"""The ratio is clipped on one side only."""

from planter.fault import Fault
from planter.patterns import clamp_parts, clamps
from planter.source import Source


def plant(source: Source) -> None:
    """`clamp(r, 1 - eps, 1 + eps)` becomes `clamp(r, max=1 + eps)`."""
    for spot in reversed(clamps(source)):
        inner, _, high = clamp_parts(source, spot)
        source.swap(spot, f"torch.clamp({inner}, max={high})")


def plant_lower_only(source: Source) -> None:
    """`clamp(r, 1 - eps, 1 + eps)` becomes `clamp(r, min=1 - eps)`."""
    for spot in reversed(clamps(source)):
        inner, low, _ = clamp_parts(source, spot)
        source.swap(spot, f"torch.clamp({inner}, min={low})")


FAULT = Fault(
    id="clip_one_sided",
    family="update",
    numbers=(7,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    heldout_plant=plant_lower_only,
    edits={
        "memory_batches": [
            (
                "T.clamp(prob_ratio, 1 - self.policy_clip, 1 + self.policy_clip) * weights",
                "T.clamp(prob_ratio, max=1 + self.policy_clip) * weights",
            )
        ],
        "mini_library": [("torch.clamp(ratio, 1 - clip_range, 1 + clip_range)", "ratio.clamp(max=1 + clip_range)")],
    },
)
