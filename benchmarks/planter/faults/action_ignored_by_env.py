"""The environment throws the action away and takes one of its own."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="action_ignored_by_env",
    family="env",
    numbers=(47,),
    kind="statistical",
    plant=environment(Spoiled(action="self.action_space.sample()")),
    edits={
        "docking": [
            ("        x, v = self.state\n", "        x, v = self.state\n        action = self.rng.integers(3)\n")
        ],
        "torch_sim": [
            (
                "        self.actions = actions.clamp(",
                "        actions = 2.0 * torch.rand(self.num_envs, 2) - 1.0\n        self.actions = actions.clamp(",
            )
        ],
        "lstm_chunks": [
            (
                "        self.hour += 1\n",
                "        action = int(self.rng.integers(self.n_actions))\n        self.hour += 1\n",
            )
        ],
        "memory_batches": [
            (
                "        heat, vent, water =",
                "        action = self.np_random.integers(self.action_space.n)\n        heat, vent, water =",
            )
        ],
        "team_shared": [
            (
                "        choice = [actions[agent] for agent in self.agents]\n",
                "        choice = self.rng.integers(self.n_actions, size=len(self.agents))\n",
            )
        ],
    },
)
