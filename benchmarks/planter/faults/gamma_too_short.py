"""The discount makes the agent see two steps ahead."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="gamma_too_short",
    family="config",
    numbers=(71,),
    kind="statistical",
    plant=setting("gamma", 0.3),
    needs=frozenset({"dies"}),
    unless=frozenset(
        {
            "docking",
            "reach_functional",
            "drone_multidiscrete",
            "beta_buffer",
            "memory_batches",
            "team_shared",
            "tricks_ppo",
        }
    ),
    heldout_plant=setting("gamma", 0.2),
    edits={
        "mini_library": [("gamma=0.97,", "gamma=0.2,")],
    },
)
