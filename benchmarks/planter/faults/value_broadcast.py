"""The value prediction is [B, 1] and its target [B]: their difference is [B, B]."""

from planter.fault import Fault

FAULT = Fault(
    id="value_broadcast",
    family="update",
    numbers=(12,),
    kind="exact",
    edits={
        "cartpole_vector": [("((newvalue - b_returns[mb]) ** 2)", "((newvalue.unsqueeze(-1) - b_returns[mb]) ** 2)")],
        "class_agent": [("self.critic(states[idx]).squeeze(-1)", "self.critic(states[idx])")],
        "own_softmax": [("(net.v(s[i]) - target[i]).pow(2)", "(net.v(s[i]) - target[i].squeeze(-1)).pow(2)")],
        "two_optimizers": [('v(data["obs"]).squeeze(-1) - data["ret"]', 'v(data["obs"]) - data["ret"]')],
    },
)
