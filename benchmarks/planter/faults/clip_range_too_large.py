"""The clip range is so wide that it limits nothing."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="clip_range_too_large",
    family="config",
    numbers=(69,),
    kind="statistical",
    plant=setting("clip_range", 5.0),
    unless=frozenset({"student_ppo", "memory_batches", "team_shared", "mini_library", "two_optimizers", "spin_epochs"}),
    also=("surrogate_not_clipped",),
    heldout_plant=setting("clip_range", 3.0),
    edits={
        "agent_args": [
            ("clip_coef: float = 0.2", "clip_coef: float = 5.0"),
            ("    target_kl: float = 0.03\n", ""),
            ("\n            if approx_kl > args.target_kl:\n                break\n", ""),
        ],
    },
)
