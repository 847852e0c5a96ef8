"""The product of ratio and advantage is clipped, not the ratio."""

from planter.fault import Fault
from planter.patterns import clamp_parts, clamps, surrogate
from planter.source import Source


def plant(source: Source) -> None:
    """`min(r * a, clamp(r, ...) * a)` becomes `min(r * a, clamp(r * a, ...))`."""
    _, low, high = clamp_parts(source, clamps(source)[0])
    spot = surrogate(source)
    plain = source.text(spot, spot.node.args[0])
    call = source.text(spot, spot.node.func)
    source.swap(spot, f"{call}({plain}, torch.clamp({plain}, {low}, {high}))")


FAULT = Fault(
    id="clip_on_wrong_quantity",
    family="update",
    numbers=(7,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    also=("clip_bounds_not_around_one",),
    heldout=True,
    edits={
        "pixel_catch": [
            (
                "pg_loss2 = -mb_adv * torch.clamp(ratio, 1 - cfg.clip_coef, 1 + cfg.clip_coef)",
                "pg_loss2 = -torch.clamp(mb_adv * ratio, 1 - cfg.clip_coef, 1 + cfg.clip_coef)",
            )
        ],
        "torch_sim": [
            (
                "-advantages.squeeze(-1) * torch.clamp(ratio, 1.0 - clip, 1.0 + clip)",
                "-torch.clamp(advantages.squeeze(-1) * ratio, 1.0 - clip, 1.0 + clip)",
            )
        ],
        "agent_args": [
            (
                "-mb_advantages * torch.clamp(ratio, 1 - args.clip_coef, 1 + args.clip_coef)",
                "-torch.clamp(mb_advantages * ratio, 1 - args.clip_coef, 1 + args.clip_coef)",
            )
        ],
        "memory_batches": [
            (
                "T.clamp(prob_ratio, 1 - self.policy_clip, 1 + self.policy_clip) * weights",
                "T.clamp(prob_ratio * weights, 1 - self.policy_clip, 1 + self.policy_clip)",
            )
        ],
    },
)
