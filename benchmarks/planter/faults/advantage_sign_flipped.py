"""The advantage is value minus return."""

from planter.fault import Fault

FAULT = Fault(
    id="advantage_sign_flipped",
    family="advantage",
    numbers=(5,),
    kind="exact",
    edits={
        "class_agent": [
            (
                "advantages = returns - self.critic(states).squeeze(-1)",
                "advantages = self.critic(states).squeeze(-1) - returns",
            )
        ],
        "pendulum_notebook": [("advantage = returns - values", "advantage = values - returns")],
        "two_optimizers": [
            ("adv = (self.adv_buf - self.adv_buf.mean())", "adv = (self.adv_buf.mean() - self.adv_buf)")
        ],
        "recurrent_gru": [("adv = (adv - adv.mean())", "adv = (adv.mean() - adv)")],
        "own_gaussian": [("a = (a - a.mean())", "a = (a.mean() - a)")],
        "beta_buffer": [("(advantages - advantages.mean())", "(advantages.mean() - advantages)")],
        "spin_epochs": [("normed = (self.adv - adv_mean)", "normed = (adv_mean - self.adv)")],
        "pixel_catch": [("mb_adv = (adv[mb] - adv[mb].mean())", "mb_adv = (adv[mb].mean() - adv[mb])")],
        "masked_dict": [("adv = (adv - adv.mean())", "adv = (adv.mean() - adv)")],
        "torch_sim": [("self.advantages = self.returns - self.values", "self.advantages = self.values - self.returns")],
        "agent_args": [("b_advantages = advantages.reshape(-1)", "b_advantages = (values - returns).reshape(-1)")],
        "lstm_chunks": [('return adv, adv + buf["value"]', 'return -adv, adv + buf["value"]')],
        "student_ppo": [("advantages = returns - values", "advantages = values - returns")],
        "memory_batches": [
            (
                "        return_arr = advantage + vals_arr\n",
                "        return_arr = advantage + vals_arr\n        advantage = vals_arr - return_arr\n",
            )
        ],
        "team_shared": [("(self.advantages - self.advantages.mean())", "(self.advantages.mean() - self.advantages)")],
        "tricks_ppo": [("adv = (adv - adv.mean()) /", "adv = (adv.mean() - adv) /")],
        "mini_library": [
            (
                "        self.returns = self.advantages + self.values\n",
                (
                    "        self.returns = self.advantages + self.values\n"
                    "        self.advantages = self.values - self.returns\n"
                ),
            )
        ],
    },
    also=("policy_loss_sign_flipped",),
)
