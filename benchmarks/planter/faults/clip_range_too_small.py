"""The clip range is a hundredth of the usual."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="clip_range_too_small",
    family="config",
    numbers=(69,),
    kind="statistical",
    plant=setting("clip_range", 0.001),
    heldout_plant=setting("clip_range", 0.002),
    edits={
        "torch_sim": [('"clip_param": 0.2', '"clip_param": 0.001')],
        "memory_batches": [("policy_clip=0.2", "policy_clip=0.001")],
        "mini_library": [("clip_range=linear_schedule(0.2, 0.1)", "clip_range=linear_schedule(0.002, 0.001)")],
    },
)
