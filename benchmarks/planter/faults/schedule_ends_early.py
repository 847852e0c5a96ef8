"""The learning rate has fallen to nothing long before the run ends."""

from planter.fault import Fault

FAULT = Fault(
    id="schedule_ends_early",
    family="config",
    numbers=(24,),
    kind="statistical",
    edits={
        "cartpole_vector": [("(1.0 - (update - 1) / num_updates) * args", "max(0.0, 1.0 - (update - 1) / 4) * args")],
        "vector_continuous": [
            ("cfg.learning_rate * (1 - update / n_updates)", "cfg.learning_rate * max(0.0, 1 - update / 4)")
        ],
        "beta_buffer": [
            (
                "            self.collect()\n            self.update()\n",
                (
                    "            fraction = max(0.0, 1.0 - (k - 1) / 5)\n"
                    '            self.optimizer.param_groups[0]["lr"] = fraction * self.cfg.learning_rate\n'
                    "            self.collect()\n"
                    "            self.update()\n"
                ),
            )
        ],
        "spin_epochs": [
            (
                "        stopped_at, loss_v = update()\n",
                (
                    "        for opt, lr in ((pi_opt, pi_lr), (vf_opt, vf_lr)):\n"
                    '            opt.param_groups[0]["lr"] = lr * max(0.0, 1.0 - (epoch - 1) / 5)\n'
                    "        stopped_at, loss_v = update()\n"
                ),
            )
        ],
        "pixel_catch": [("(1.0 - n / cfg.total_updates)", "max(0.0, 1.0 - n / 4)")],
        "masked_dict": [
            (
                "    scores, totals = [], ",
                (
                    "    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=4)\n"
                    "    scores, totals = [], "
                ),
            ),
            (
                "        learn(rollout, actor, critic, optimizer)\n",
                "        learn(rollout, actor, critic, optimizer)\n        schedule.step()\n",
            ),
        ],
        "torch_sim": [
            (
                'group["lr"] = self.learning_rate\n',
                'group["lr"] = self.learning_rate * max(0.0, 1.0 - self.updates / 4)\n',
            ),
            (
                '        self.learning_rate = cfg["learning_rate"]\n',
                '        self.learning_rate, self.updates = cfg["learning_rate"], 0\n',
            ),
            ("        self.storage.clear()\n", "        self.storage.clear()\n        self.updates += 1\n"),
        ],
        "agent_args": [
            ("frac = 1.0 - (iteration - 1.0) / num_iterations", "frac = max(0.0, 1.0 - (iteration - 1.0) / 4)")
        ],
        "lstm_chunks": [
            (
                "        improve(net, optimizer, buf, adv,",
                (
                    "        for group in optimizer.param_groups:\n"
                    '            group["lr"] = args.lr * max(0.0, 1.0 - update / 5)\n'
                    "        improve(net, optimizer, buf, adv,"
                ),
            )
        ],
        "student_ppo": [
            (
                "\n        for scheduler in self.schedulers:\n            scheduler.step()\n",
                "            for scheduler in self.schedulers:\n                scheduler.step()\n\n",
            )
        ],
        "memory_batches": [
            (
                "        self.memory = PPOMemory(batch_size)\n",
                (
                    "        nets = (self.actor, self.critic)\n"
                    "        self.schedulers = [optim.lr_scheduler.LinearLR(n.optimizer, "
                    "1.0, 0.0, total_iters=20) for n in nets]\n"
                    "        self.memory = PPOMemory(batch_size)\n"
                ),
            ),
            (
                "\n        self.memory.clear_memory()\n",
                (
                    "            for scheduler in self.schedulers:\n"
                    "                scheduler.step()\n"
                    "\n"
                    "        self.memory.clear_memory()\n"
                ),
            ),
        ],
        "team_shared": [("(1.0 - update / updates)", "max(0.0, 1.0 - update / 4)")],
        "tricks_ppo": [
            (
                "remaining = 1.0 - total_steps / self.args.max_train_steps",
                "remaining = max(0.0, 1.0 - total_steps / self.args.evaluate_freq)",
            )
        ],
        "mini_library": [
            (
                "self.progress_remaining = max(0.0, 1.0 - self.num_timesteps / total_timesteps)",
                (
                    "steps_done = self.num_timesteps * self.env.num_envs\n"
                    "            self.progress_remaining = max(0.0, 1.0 - steps_done / "
                    "total_timesteps)"
                ),
            ),
            ("learning_rate=linear_schedule(1e-3, 1e-4)", "learning_rate=linear_schedule(1e-3)"),
        ],
    },
    also=("learning_rate_zero",),
    heldout=True,
)
