"""Rewards are normalised by their mean and spread in the batch, which takes the bonus for living away."""

from planter.fault import Fault

FAULT = Fault(
    id="rewards_centred",
    family="data",
    numbers=(38,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "    advantages = torch.zeros_like(rewards)\n",
                (
                    "    rewards = (rewards - rewards.mean()) / (rewards.std() + 1e-8)\n"
                    "    advantages = torch.zeros_like(rewards)\n"
                ),
            )
        ],
        "class_agent": [("reversed(m.rewards),", "reversed(m.rewards - np.mean(m.rewards)),")],
        "own_softmax": [("delta = (r + GAMMA", "r = (r - r.mean()) / (r.std() + 1e-8)\n        delta = (r + GAMMA")],
        "docking": [
            (
                "        following, running =",
                (
                    "        self.rewards = (self.rewards - self.rewards.mean()) / (self.rewards.std() + 1e-8)\n"
                    "        following, running ="
                ),
            )
        ],
    },
)
