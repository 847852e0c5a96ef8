"""The reward is zero, whatever happens."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="reward_constant",
    family="reward",
    numbers=(56,),
    kind="exact",
    plant=environment(Spoiled(reward="0.0")),
    also=("reward_never_met",),
    edits={
        "torch_sim": [
            (
                '{"tracking": 2.0, "action_rate": -0.3, "ball_lost": -20.0}',
                '{"tracking": 0.0, "action_rate": 0.0, "ball_lost": 0.0}',
            )
        ],
        "team_shared": [
            (
                "        rewards = {agent: 3.0 * arrived[i] + shared for i, agent in enumerate(self.agents)}\n",
                "        rewards = dict.fromkeys(self.agents, 0.0)\n",
            ),
            ("        shared = 0.3 * arrived.sum() - 3.0 * crashed\n", ""),
        ],
    },
)
