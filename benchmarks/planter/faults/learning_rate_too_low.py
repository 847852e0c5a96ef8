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
    },
)
