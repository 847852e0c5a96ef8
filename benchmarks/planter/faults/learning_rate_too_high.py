"""The learning rate is far above what PPO bears."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="learning_rate_too_high",
    family="config",
    numbers=(66,),
    kind="statistical",
    plant=setting("learning_rate", 0.05),
    also=("steps_too_large",),
    heldout_plant=setting("learning_rate", 0.1),
    edits={
        "masked_dict": [('"actor_lr": 1e-3', '"actor_lr": 0.1'), ('"critic_lr": 2e-3', '"critic_lr": 0.1')],
        "torch_sim": [
            ('"learning_rate": 1e-3', '"learning_rate": 0.1'),
            ('"min_lr": 1e-5, "max_lr": 1e-2', '"min_lr": 0.1, "max_lr": 0.3'),
        ],
        "agent_args": [("learning_rate: float = 1e-3", "learning_rate: float = 0.2")],
        "student_ppo": [("lr_actor=1e-3, lr_critic=3e-3", "lr_actor=0.1, lr_critic=0.3")],
        "memory_batches": [("alpha=0.001, beta=0.002", "alpha=0.1, beta=0.2")],
        "team_shared": [
            ('"--lr", type=float, default=1e-3', '"--lr", type=float, default=0.1'),
            ('"--critic-lr", type=float, default=1e-3', '"--critic-lr", type=float, default=0.1'),
        ],
        "tricks_ppo": [
            ('"--lr_a", type=float, default=7e-4', '"--lr_a", type=float, default=0.1'),
            ('"--lr_c", type=float, default=1e-3', '"--lr_c", type=float, default=0.1'),
        ],
        "mini_library": [("learning_rate=linear_schedule(1e-3, 1e-4)", "learning_rate=linear_schedule(0.1, 0.01)")],
    },
)
