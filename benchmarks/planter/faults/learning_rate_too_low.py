"""The learning rate is far too small to change anything."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="learning_rate_too_low",
    family="config",
    numbers=(67,),
    kind="statistical",
    plant=setting("learning_rate", 1e-7),
    heldout_plant=setting("learning_rate", 3e-7),
    edits={
        "masked_dict": [('"actor_lr": 1e-3', '"actor_lr": 3e-7'), ('"critic_lr": 2e-3', '"critic_lr": 3e-7')],
        "torch_sim": [
            ('"learning_rate": 1e-3', '"learning_rate": 3e-7'),
            ('"min_lr": 1e-5, "max_lr": 1e-2', '"min_lr": 1e-8, "max_lr": 3e-7'),
        ],
        "student_ppo": [("lr_actor=1e-3, lr_critic=3e-3", "lr_actor=1e-7, lr_critic=3e-7")],
        "memory_batches": [("alpha=0.001, beta=0.002", "alpha=1e-7, beta=2e-7")],
        "team_shared": [
            ('"--lr", type=float, default=1e-3', '"--lr", type=float, default=1e-7'),
            ('"--critic-lr", type=float, default=1e-3', '"--critic-lr", type=float, default=1e-7'),
        ],
        "tricks_ppo": [
            ('"--lr_a", type=float, default=7e-4', '"--lr_a", type=float, default=2e-7'),
            ('"--lr_c", type=float, default=1e-3', '"--lr_c", type=float, default=2e-7'),
        ],
        "mini_library": [("learning_rate=linear_schedule(1e-3, 1e-4)", "learning_rate=linear_schedule(1e-7)")],
    },
)
