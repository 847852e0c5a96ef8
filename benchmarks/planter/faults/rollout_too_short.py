"""An update is made from eight steps."""

from planter.fault import Fault

FAULT = Fault(
    id="rollout_too_short",
    family="config",
    numbers=(73, 74),
    kind="statistical",
    edits={
        "class_agent": [("horizon=2048", "horizon=8")],
        "drone_multidiscrete": [('"--rollout", type=int, default=2048', '"--rollout", type=int, default=8')],
        "docking": [("steps: int = 256", "steps: int = 2")],
    },
    also=("batch_too_small",),
    seconds=40,
    heldout=True,
)
