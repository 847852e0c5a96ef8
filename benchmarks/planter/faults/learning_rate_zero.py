"""The learning rate is zero."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="learning_rate_zero",
    family="config",
    numbers=(24, 67),
    kind="exact",
    plant=setting("learning_rate", 0.0),
    also=("parameters_never_move", "learning_rate_too_low", "policy_frozen"),
    heldout=True,
    edits={
        "masked_dict": [('"actor_lr": 1e-3', '"actor_lr": 0.0'), ('"critic_lr": 2e-3', '"critic_lr": 0.0')],
        "student_ppo": [("lr_actor=1e-3, lr_critic=3e-3", "lr_actor=0.0, lr_critic=0.0")],
        "memory_batches": [("alpha=0.001, beta=0.002", "alpha=0.0, beta=0.0")],
        "team_shared": [
            ('"--lr", type=float, default=1e-3', '"--lr", type=float, default=0.0'),
            ('"--critic-lr", type=float, default=1e-3', '"--critic-lr", type=float, default=0.0'),
        ],
        "tricks_ppo": [
            ('"--lr_a", type=float, default=7e-4', '"--lr_a", type=float, default=0.0'),
            ('"--lr_c", type=float, default=1e-3', '"--lr_c", type=float, default=0.0'),
        ],
        "mini_library": [("learning_rate=linear_schedule(1e-3, 1e-4)", "learning_rate=0")],
    },
)
