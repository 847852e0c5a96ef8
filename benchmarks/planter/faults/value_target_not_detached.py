"""The value target is bootstrapped through the graph of the critic that is being trained."""

from planter.fault import Fault

FAULT = Fault(
    id="value_target_not_detached",
    family="update",
    numbers=(11,),
    kind="exact",
    edits={
        "own_softmax": [
            (
                "value_loss = (net.v(s[i]) - target[i]).pow(2)",
                (
                    "td_target = r[i] + GAMMA * net.v(s_next[i]) * (1 - dead[i])\n"
                    "            value_loss = (net.v(s[i]) - td_target).pow(2)"
                ),
            ),
            ("s, a, _, _, p_old, _, _ = batch", "s, a, r, s_next, p_old, dead, _ = batch"),
        ],
        "class_agent": [
            (
                "critic_loss = F.mse_loss(self.critic(states[idx]).squeeze(-1), returns[idx])",
                (
                    "values = self.critic(states[idx]).squeeze(-1)\n"
                    "                critic_loss = F.mse_loss(values, values + advantages[idx])"
                ),
            )
        ],
        "drone_multidiscrete": [("F.mse_loss(value, ret[ids])", "F.mse_loss(value, value * 0.5 + ret[ids] * 0.5)")],
        "docking": [("mse_loss(values, targets)", "mse_loss(values, 0.9 * values + 0.1 * targets)")],
    },
)
