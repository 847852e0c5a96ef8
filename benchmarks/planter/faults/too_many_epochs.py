"""Every batch is trained on twenty times as often."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="too_many_epochs",
    family="config",
    numbers=(68,),
    kind="statistical",
    plant=setting("epochs", 20, relative=True),
    unless=frozenset({"torch_sim", "spin_epochs", "memory_batches", "mini_library", "two_optimizers"}),
    also=("steps_too_large",),
    heldout_plant=setting("epochs", 15, relative=True),
    edits={
        "agent_args": [
            ("update_epochs: int = 8", "update_epochs: int = 160"),
            ("    target_kl: float = 0.03\n", ""),
            ("\n            if approx_kl > args.target_kl:\n                break\n", ""),
        ],
        "team_shared": [('"--ppo-epochs", type=int, default=6', '"--ppo-epochs", type=int, default=120')],
    },
)
