"""The learning rate has fallen to nothing long before the run ends."""

from planter.fault import Fault

FAULT = Fault(
    id="schedule_ends_early",
    family="config",
    numbers=(24,),
    kind="statistical",
    edits={
        "cartpole_vector": [("(1.0 - (update - 1) / num_updates) * args", "max(0.0, 1.0 - (update - 1) / 4) * args")],
        "vector_continuous": [
            ("cfg.learning_rate * (1 - update / n_updates)", "cfg.learning_rate * max(0.0, 1 - update / 4)")
        ],
    },
    also=("learning_rate_zero",),
    heldout=True,
)
