"""The return of one episode is added to the end of the one before."""

from planter.fault import Fault

FAULT = Fault(
    id="gae_leaks_across_episodes",
    family="advantage",
    numbers=(28, 32),
    kind="exact",
    edits={
        "class_agent": [
            (
                "            if end:\n                running = tail",
                "            if end:\n                running += tail",
            )
        ],
        "student_ppo": [("self.gamma * running * (1 - terminals[i])", "self.gamma * running")],
    },
    also=("termination_ignored",),
)
