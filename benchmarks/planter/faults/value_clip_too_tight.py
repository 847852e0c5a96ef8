"""The value is clipped to 0.2 around the old one, though returns are far larger."""

from planter.fault import Fault

FAULT = Fault(
    id="value_clip_too_tight",
    family="config",
    numbers=(20,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "v_loss = 0.5 * ((newvalue - b_returns[mb]) ** 2).mean()",
                (
                    "old_v = values.reshape(-1)[mb]\n"
                    "            clipped_v = old_v + torch.clamp(newvalue - old_v, -args.clip_coef, args.clip_coef)\n"
                    "            plain, tight = (newvalue - b_returns[mb]) ** 2, (clipped_v - b_returns[mb]) ** 2\n"
                    "            v_loss = 0.5 * torch.max(plain, tight).mean()"
                ),
            )
        ],
        "sb3_cartpole": [("    clip_range=0.2,\n", "    clip_range=0.2,\n    clip_range_vf=0.02,\n")],
        "pixel_catch": [
            (
                "v_loss = 0.5 * (value - targets[mb]).pow(2).mean()",
                (
                    'old_value = rollout["values"].flatten()[mb]\n'
                    "            v_clipped = old_value + (value - old_value).clamp(-cfg.clip_value, cfg.clip_value)\n"
                    "            v_unclipped_loss, v_clipped_loss = (value - targets[mb]) ** 2, (v_clipped - "
                    "targets[mb]) ** 2\n"
                    "            v_loss = 0.5 * torch.max(v_unclipped_loss, v_clipped_loss).mean()"
                ),
            ),
            ("    vf_coef: float = 0.5\n", "    vf_coef: float = 0.5\n    clip_value: float = 0.02\n"),
        ],
        "masked_dict": [
            ("adv, returns)\n", 'adv, returns, data["value"])\n'),
            ("advantage, target in loader:", "advantage, target, old_value in loader:"),
            (
                "critic_loss = F.smooth_l1_loss(critic(x).squeeze(-1), target)\n",
                (
                    "value = critic(x).squeeze(-1)\n"
                    "            near = old_value + (value - old_value).clamp(-0.02, 0.02)\n"
                    '            errors = [F.smooth_l1_loss(v, target, reduction="none") for v in (value, near)]\n'
                    "            critic_loss = torch.maximum(*errors).mean()\n"
                ),
            ),
        ],
        "torch_sim": [('"value_clip": 0.5', '"value_clip": 0.005')],
        "agent_args": [("vclip_coef: float = 1.0", "vclip_coef: float = 0.02")],
        "lstm_chunks": [
            (
                '            value_loss = (values - mb["ret"]).pow(2).mean()\n',
                (
                    '            near = mb["value"] + torch.clamp(values - mb["value"], '
                    "-args.value_clip, args.value_clip)\n"
                    '            value_loss = torch.max((values - mb["ret"]).pow(2), (near '
                    '- mb["ret"]).pow(2)).mean()\n'
                ),
            ),
            ('("obs", "first", "action", "logp", "logits")', '("obs", "first", "action", "logp", "logits", "value")'),
            (
                '    parser.add_argument("--value-coef"',
                (
                    '    parser.add_argument("--value-clip", type=float, default=0.005)\n'
                    '    parser.add_argument("--value-coef"'
                ),
            ),
        ],
        "student_ppo": [
            (
                "critic_loss = F.mse_loss(self.critic(states[index]).squeeze(-1), returns[index])\n",
                (
                    "new_values = self.critic(states[index]).squeeze(-1)\n"
                    "                clipped = torch.clamp(new_values - values[index], "
                    "-self.eps_clip, self.eps_clip)\n"
                    "                loss1 = (new_values - returns[index]) ** 2\n"
                    "                loss2 = (values[index] + clipped - returns[index]) ** "
                    "2\n"
                    "                critic_loss = torch.max(loss1, loss2).mean()\n"
                ),
            )
        ],
        "memory_batches": [
            (
                "                returns = T.tensor(return_arr[batch])\n",
                (
                    "                returns = T.tensor(return_arr[batch])\n"
                    "                old_vals = T.tensor(vals_arr[batch])\n"
                ),
            ),
            (
                (
                    "                critic_loss = (returns - critic_value) ** 2\n"
                    "                critic_loss = critic_loss.mean()\n"
                ),
                (
                    "                clipped_value = old_vals + T.clamp(critic_value - "
                    "old_vals, -self.policy_clip, self.policy_clip)\n"
                    "                critic_loss = T.max((returns - critic_value) ** 2, "
                    "(returns - clipped_value) ** 2)\n"
                    "                critic_loss = critic_loss.mean()\n"
                ),
            ),
        ],
        "team_shared": [
            (
                '    parser.add_argument("--value-loss-coef"',
                (
                    '    parser.add_argument("--value-clip", type=float, default=0.01)\n'
                    '    parser.add_argument("--value-loss-coef"'
                ),
            ),
            (
                "self.action_log_probs, advantages, self.returns)",
                "self.action_log_probs, advantages, self.returns, self.value_preds[:-1])",
            ),
            ("old_log_probs, adv_targ, returns = sample", "old_log_probs, adv_targ, returns, old_values = sample"),
            (
                "        value_loss = F.huber_loss(values, returns, delta=self.args.huber_delta)\n",
                (
                    "        near = old_values + torch.clamp(values - old_values, "
                    "-self.args.value_clip, self.args.value_clip)\n"
                    '        errors = [F.huber_loss(v, returns, reduction="none", '
                    "delta=10.0) for v in (values, near)]\n"
                    "        value_loss = torch.max(*errors).mean()\n"
                ),
            ),
        ],
        "tricks_ppo": [
            (
                "                critic_loss = F.mse_loss(v_target[index], v_s)\n",
                (
                    "                v_clipped = vs[index] + torch.clamp(v_s - vs[index], "
                    "-self.args.v_clip, self.args.v_clip)\n"
                    "                v_loss = torch.max((v_s - v_target[index]) ** 2, "
                    "(v_clipped - v_target[index]) ** 2)\n"
                    "                critic_loss = v_loss.mean()\n"
                ),
            ),
            (
                '    parser.add_argument("--max_grad_norm"',
                (
                    '    parser.add_argument("--v_clip", type=float, default=0.01)\n'
                    '    parser.add_argument("--max_grad_norm"'
                ),
            ),
        ],
        "mini_library": [("ent_coef=0.005,\n", "ent_coef=0.005,\n        clip_range_vf=0.05,\n")],
    },
)
