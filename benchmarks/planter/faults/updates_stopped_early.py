"""The KL at which the epochs stop is passed at once."""

from planter.fault import Fault

FAULT = Fault(
    id="updates_stopped_early",
    family="config",
    numbers=(23,),
    kind="exact",
    edits={
        "two_optimizers": [("target_kl=0.015", "target_kl=1e-7")],
        "sb3_cartpole": [("    seed=args.seed,\n", "    seed=args.seed,\n    target_kl=1e-7,\n")],
        "spin_epochs": [("target_kl=0.01", "target_kl=1e-7")],
        "pixel_catch": [
            ("    max_grad_norm: float = 0.5\n", "    max_grad_norm: float = 0.5\n    target_kl: float = 1e-7\n"),
            (
                "            ratio = log_ratio.exp()\n",
                (
                    "            ratio = log_ratio.exp()\n"
                    "            approx_kl = (ratio - 1 - log_ratio).mean().item()\n"
                    "            if approx_kl > cfg.target_kl:\n"
                    "                return\n"
                ),
            ),
        ],
        "masked_dict": [
            ('    "max_grad_norm": 0.3,\n', '    "max_grad_norm": 0.3,\n    "target_kl": 1e-7,\n'),
            (
                "ratio = torch.exp(dist.log_prob(action) - old_log_prob)\n",
                (
                    "ratio = torch.exp(dist.log_prob(action) - old_log_prob)\n"
                    '            if (ratio - 1 - ratio.log()).mean() > HP["target_kl"]:\n'
                    "                return\n"
                ),
            ),
        ],
        "torch_sim": [
            ('"desired_kl": 0.01,', '"desired_kl": 0.01, "target_kl": 1e-7,'),
            (
                '            group["lr"] = self.learning_rate\n',
                '            group["lr"] = self.learning_rate\n        return kl_mean\n',
            ),
            (
                "                self.adapt_learning_rate(dist.mean, dist.stddev, old_mu, old_sigma)\n",
                (
                    "                kl = self.adapt_learning_rate(dist.mean, dist.stddev, "
                    "old_mu, old_sigma)\n"
                    '            if kl > cfg["target_kl"]:\n'
                    "                break\n"
                ),
            ),
        ],
        "agent_args": [
            ("target_kl: float = 0.03", "target_kl: float = 1e-6"),
            (
                "                    approx_kl = ((ratio - 1) - logratio).mean()\n",
                (
                    "                    approx_kl = ((ratio - 1) - logratio).mean()\n"
                    "                if approx_kl > args.target_kl:\n"
                    "                    break\n"
                ),
            ),
        ],
        "lstm_chunks": [
            (
                "            loss = policy_loss + args",
                "            if kl > args.target_kl:\n                return\n            loss = policy_loss + args",
            ),
            (
                '    parser.add_argument("--max-grad-norm"',
                (
                    '    parser.add_argument("--target-kl", type=float, default=1e-7)\n'
                    '    parser.add_argument("--max-grad-norm"'
                ),
            ),
        ],
        "student_ppo": [
            ("ent_coef=0.003, max_grad_norm=0.3):", "ent_coef=0.003, max_grad_norm=0.3, target_kl=1e-7):"),
            (
                "        self.memory = Memory()\n",
                "        self.memory = Memory()\n        self.target_kl = target_kl\n",
            ),
            (
                "                surr1 = ratios",
                (
                    "                if (ratios - 1 - ratios.log()).mean() > "
                    "self.target_kl:\n"
                    "                    break\n"
                    "                surr1 = ratios"
                ),
            ),
        ],
        "memory_batches": [
            (
                "entropy_coef=0.005, max_grad_norm=0.3, chkpt_dir",
                "entropy_coef=0.005, max_grad_norm=0.5, target_kl=1e-7, chkpt_dir",
            ),
            (
                "        self.memory = PPOMemory(batch_size)\n",
                "        self.target_kl = target_kl\n        self.memory = PPOMemory(batch_size)\n",
            ),
            (
                "                weighted_probs = weights",
                (
                    "                if (prob_ratio - 1 - prob_ratio.log()).mean() > "
                    "self.target_kl:\n"
                    "                    break\n"
                    "                weighted_probs = weights"
                ),
            ),
        ],
        "team_shared": [
            (
                '    parser.add_argument("--max-grad-norm"',
                (
                    '    parser.add_argument("--target-kl", type=float, default=1e-6)\n'
                    '    parser.add_argument("--max-grad-norm"'
                ),
            ),
            (
                "        surr1 = imp_weights * adv_targ\n",
                (
                    "        self.approx_kl = (imp_weights - 1 - "
                    "imp_weights.log()).mean().item()\n"
                    "        surr1 = imp_weights * adv_targ\n"
                ),
            ),
            (
                "                losses.append(self.ppo_update(sample))\n",
                (
                    "                losses.append(self.ppo_update(sample))\n"
                    "                if self.approx_kl > self.args.target_kl:\n"
                    "                    return np.mean(losses, axis=0)\n"
                ),
            ),
        ],
        "tricks_ppo": [
            (
                "                surr1 = ratios * adv[index]\n",
                (
                    "                if (ratios - 1 - ratios.log()).mean() > "
                    "self.args.target_kl:\n"
                    "                    return\n"
                    "                surr1 = ratios * adv[index]\n"
                ),
            ),
            (
                '    parser.add_argument("--max_grad_norm"',
                (
                    '    parser.add_argument("--target_kl", type=float, default=1e-6)\n'
                    '    parser.add_argument("--max_grad_norm"'
                ),
            ),
        ],
        "mini_library": [("ent_coef=0.005,\n", "ent_coef=0.005,\n        target_kl=1e-7,\n")],
    },
)
