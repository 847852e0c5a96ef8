"""Episodes that the time limit cut are stepped on without a reset."""

from planter.fault import Fault

FAULT = Fault(
    id="stepped_after_end",
    family="env",
    numbers=(49,),
    kind="exact",
    edits={
        "two_optimizers": [
            (
                "                o, _ = env.reset()\n",
                ("                if terminated:\n                    o, _ = env.reset()\n"),
            )
        ],
        "class_agent": [
            (
                "            state, _ = env.reset()\n",
                "            if terminated:\n                state, _ = env.reset()\n",
            )
        ],
    },
    also=("episodes_never_end",),
    heldout=True,
)
