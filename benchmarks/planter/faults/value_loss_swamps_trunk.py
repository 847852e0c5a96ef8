"""The value loss rules the trunk that it shares with the policy."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="value_loss_swamps_policy",
    family="config",
    numbers=(21,),
    kind="statistical",
    plant=setting("value_coefficient", 500.0, relative=True),
    needs=frozenset({"shared_trunk"}),
    also=("gradient_clip_dominates",),
    heldout_plant=setting("value_coefficient", 300.0, relative=True),
    edits={
        "agent_args": [("vf_coef: float = 0.5", "vf_coef: float = 50_000.0")],
    },
)
