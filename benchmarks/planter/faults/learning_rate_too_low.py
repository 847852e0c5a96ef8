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
    },
)
