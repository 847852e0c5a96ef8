"""Every action dimension has a ratio of its own."""

from planter.fault import Fault

FAULT = Fault(
    id="log_prob_not_summed",
    family="update",
    numbers=(4,),
    kind="exact",
    edits={
        "drone_multidiscrete": [
            (
                "enumerate(dists)], dim=1).sum(dim=1)\n\n\ndef joint_entropy",
                "enumerate(dists)], dim=1)\n\n\ndef joint_entropy",
            ),
            (
                "adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8))",
                "adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8)).unsqueeze(1)",
            ),
        ],
        "reach_functional": [
            ("return dist.log_prob(action).sum(-1)", "return dist.log_prob(action)"),
            ("    surrogate = torch.minimum", "    advantage = advantage[:, None]\n    surrogate = torch.minimum"),
        ],
    },
)
