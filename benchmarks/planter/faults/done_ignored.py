"""The value of the next state is added even where the episode ended."""

from planter.fault import Fault

FAULT = Fault(
    id="done_ignored",
    family="advantage",
    numbers=(28,),
    kind="exact",
    also=("termination_ignored",),
    edits={
        "cartpole_vector": [("next_values[t] * (1.0 - terminateds[t]) -", "next_values[t] -")],
        "class_agent": [("if end and not terminated else", "if end else")],
        "own_softmax": [("net.v(s_next) * (1 - dead)", "net.v(s_next)")],
        "two_optimizers": [("                if terminated:\n", "                if False:\n")],
    },
)
