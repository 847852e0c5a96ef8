"""Where the time limit cuts an episode, the value of the state it was cut in counts as zero."""

from planter.fault import Fault

FAULT = Fault(
    id="time_limit_read_as_death",
    family="data",
    numbers=(29,),
    kind="exact",
    edits={
        "cartpole_vector": [("(1.0 - terminateds[t]) - values[t]", "(1.0 - dones[t]) - values[t]")],
        "class_agent": [("if end and not terminated else", "if end and not (terminated or truncated) else")],
        "own_softmax": [("net.v(s_next) * (1 - dead)", "net.v(s_next) * (1 - over)")],
        "two_optimizers": [("if terminated:\n", "if terminated or truncated:\n")],
    },
)
