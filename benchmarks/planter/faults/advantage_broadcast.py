"""The advantage is [B, 1] and the ratio [B]: every sample is weighted by every advantage."""

from planter.fault import Fault

FAULT = Fault(
    id="advantage_broadcast",
    family="update",
    numbers=(2,),
    kind="exact",
    edits={
        "cartpole_vector": [("mb_advantages = b_advantages[mb]\n", "mb_advantages = b_advantages[mb].view(-1, 1)\n")],
        "class_agent": [
            (
                "advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)",
                "advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).unsqueeze(1)",
            )
        ],
        "own_softmax": [("    return adv, adv + v", "    return adv.squeeze(1), adv + v")],
        "two_optimizers": [
            ("adv=adv, logp", "adv=adv[:, None], logp"),
        ],
    },
)
