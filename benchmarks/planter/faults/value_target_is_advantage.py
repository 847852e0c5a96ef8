"""The critic is trained towards the advantage."""

from planter.fault import Fault

FAULT = Fault(
    id="target_is_not_return",
    family="advantage",
    numbers=(11,),
    kind="exact",
    edits={
        "cartpole_vector": [("returns = advantages + values", "returns = advantages")],
        "own_softmax": [("    return adv, adv + v", "    return adv, adv")],
        "vector_continuous": [("ret = adv + self.value", "ret = adv")],
        "docking": [("self.targets = self.advantages + self.values", "self.targets = self.advantages.clone()")],
        "reach_functional": [("target = advantage + traj.value", "target = advantage")],
        "beta_buffer": [("self.returns = self.advantages + self.values", "self.returns = self.advantages.clone()")],
        "spin_epochs": [("self.ret[path] = self.adv[path] + self.val[path]", "self.ret[path] = self.adv[path]")],
        "pixel_catch": [("return result, result + values", "return result, result")],
        "masked_dict": [('returns = adv + data["value"]', "returns = adv")],
        "torch_sim": [
            (
                "        self.advantages = self.returns - self.values\n",
                (
                    "        self.advantages = self.returns - self.values\n"
                    "        self.returns = self.advantages.clone()\n"
                ),
            )
        ],
        "agent_args": [("b_returns = returns.reshape(-1)", "b_returns = advantages.reshape(-1)")],
        "lstm_chunks": [('return adv, adv + buf["value"]', "return adv, adv")],
        "student_ppo": [
            (
                "F.mse_loss(self.critic(states[index]).squeeze(-1), returns[index])",
                "F.mse_loss(self.critic(states[index]).squeeze(-1), advantages[index])",
            )
        ],
        "memory_batches": [("        return_arr = advantage + vals_arr\n", "        return_arr = advantage\n")],
        "team_shared": [
            ("self.returns = self.advantages + self.value_preds[:-1]", "self.returns = self.advantages.copy()")
        ],
        "tricks_ppo": [("            v_target = adv + vs\n", "            v_target = adv.clone()\n")],
        "mini_library": [
            (
                "value_loss = F.mse_loss(rollout_data.returns, values_pred)",
                "value_loss = F.mse_loss(rollout_data.advantages, values_pred)",
            )
        ],
    },
)
