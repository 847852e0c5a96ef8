"""A new optimizer is made for every update: its moments are lost."""

from planter.fault import Fault

FAULT = Fault(
    id="optimizer_made_anew",
    family="network",
    numbers=(26,),
    kind="exact",
    edits={
        "class_agent": [
            (
                "        m = self.memory\n        states = torch",
                (
                    "        both = [*self.actor.parameters(), *self.critic.parameters()]\n"
                    "        self.optimizer = torch.optim.Adam(both, lr=2e-3)\n"
                    "        m = self.memory\n"
                    "        states = torch"
                ),
            )
        ],
        "docking": [
            (
                "        cfg = self.config\n",
                (
                    "        cfg = self.config\n"
                    "        self.optimizer = torch.optim.AdamW(self.policy.parameters(), lr=cfg.lr)\n"
                ),
            )
        ],
        "own_softmax": [
            (
                "    s, a, _, _, p_old, _, _ = batch\n",
                (
                    "    s, a, _, _, p_old, _, _ = batch\n"
                    "    opt = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)\n"
                ),
            )
        ],
        "beta_buffer": [
            (
                "        cfg = self.cfg\n        for _",
                (
                    "        cfg = self.cfg\n"
                    "        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=cfg.learning_rate, "
                    "eps=1e-5)\n"
                    "        for _"
                ),
            )
        ],
        "spin_epochs": [
            (
                "        data = buf.get()\n",
                (
                    "        data = buf.get()\n"
                    "        pi_opt = torch.optim.Adam(ac.pi.parameters(), lr=pi_lr)\n"
                    "        vf_opt = torch.optim.Adam(ac.vf.parameters(), lr=vf_lr)\n"
                ),
            )
        ],
        "pixel_catch": [
            (
                "        update(agent, optimizer, rollout",
                (
                    '        optimizer = torch.optim.Adam(agent.parameters(), lr=group["lr"], eps=1e-5)\n'
                    "        update(agent, optimizer, rollout"
                ),
            )
        ],
        "masked_dict": [
            (
                "        learn(rollout, actor, critic, optimizer)\n",
                (
                    "        optimizer = torch.optim.Adam(groups(actor, critic), eps=1e-5)\n"
                    "        learn(rollout, actor, critic, optimizer)\n"
                ),
            ),
            (
                (
                    '    actor_group = {"params": actor.parameters(), "lr": HP["actor_lr"]}\n'
                    '    critic_group = {"params": critic.parameters(), "lr": HP["critic_lr"]}\n'
                    "    optimizer = torch.optim.Adam([actor_group, critic_group], eps=1e-5)\n"
                ),
                "",
            ),
            (
                "def main():\n",
                (
                    "def groups(actor, critic):\n"
                    '    actor_group = {"params": actor.parameters(), "lr": HP["actor_lr"]}\n'
                    '    critic_group = {"params": critic.parameters(), "lr": HP["critic_lr"]}\n'
                    "    return [actor_group, critic_group]\n"
                    "\n"
                    "\n"
                    "def main():\n"
                ),
            ),
        ],
        "torch_sim": [
            (
                '        clip = cfg["clip_param"]\n',
                (
                    '        clip = cfg["clip_param"]\n'
                    "        self.optimizer = "
                    "torch.optim.Adam(self.actor_critic.parameters(), "
                    "lr=self.learning_rate, eps=1e-5)\n"
                ),
            )
        ],
        "agent_args": [
            (
                '        optimizer.param_groups[0]["lr"] = frac * args.learning_rate\n',
                "        optimizer = optim.Adam(agent.parameters(), lr=frac * args.learning_rate, eps=1e-5)\n",
            )
        ],
        "lstm_chunks": [
            (
                "    sequences = {key: to_sequences(x, args.chunk) for key, x in columns.items()}\n",
                (
                    "    sequences = {key: to_sequences(x, args.chunk) for key, x in "
                    "columns.items()}\n"
                    "    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr, "
                    "eps=1e-5)\n"
                ),
            ),
            ("def improve(net, optimizer, buf,", "def improve(net, buf,"),
            (
                "improve(net, optimizer, buf, adv, returns, ent_coef, args)\n        scores",
                "improve(net, buf, adv, returns, ent_coef, args)\n        scores",
            ),
            (
                "    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr, eps=1e-5)\n    buf = make_buffer",
                "    buf = make_buffer",
            ),
        ],
        "student_ppo": [
            (
                "    def learn(self):\n",
                (
                    "    def learn(self):\n"
                    "        lr_actor, lr_critic = (scheduler.get_last_lr()[0] for "
                    "scheduler in self.schedulers)\n"
                    "        self.actor_optimizer = "
                    "torch.optim.Adam(self.actor.parameters(), lr=lr_actor)\n"
                    "        self.critic_optimizer = "
                    "torch.optim.Adam(self.critic.parameters(), lr=lr_critic)\n"
                ),
            )
        ],
        "memory_batches": [
            (
                "        self.memory = PPOMemory(batch_size)\n",
                "        self.alpha, self.beta = alpha, beta\n        self.memory = PPOMemory(batch_size)\n",
            ),
            (
                "    def learn(self, last_observation):\n",
                (
                    "    def learn(self, last_observation):\n"
                    "        self.actor.optimizer = optim.Adam(self.actor.parameters(), "
                    "lr=self.alpha, eps=1e-5)\n"
                    "        self.critic.optimizer = optim.Adam(self.critic.parameters(), "
                    "lr=self.beta, eps=1e-5)\n"
                ),
            ),
        ],
        "team_shared": [
            (
                "        losses = []\n",
                (
                    '        groups = [{k: group[k] for k in ("params", "lr", '
                    '"initial_lr")} for group in self.optimizer.param_groups]\n'
                    "        self.optimizer = torch.optim.Adam(groups, eps=1e-5)\n"
                    "        losses = []\n"
                ),
            )
        ],
        "tricks_ppo": [
            (
                (
                    "        for group in self.optimizer_actor.param_groups:\n"
                    '            group["lr"] = self.args.lr_a * remaining\n'
                    "        for group in self.optimizer_critic.param_groups:\n"
                    '            group["lr"] = self.args.lr_c * remaining\n'
                ),
                (
                    "        self.optimizer_actor = "
                    "torch.optim.Adam(self.actor.parameters(), lr=self.args.lr_a * "
                    "remaining, eps=1e-5)\n"
                    "        self.optimizer_critic = "
                    "torch.optim.Adam(self.critic.parameters(), lr=self.args.lr_c * "
                    "remaining, eps=1e-5)\n"
                ),
            )
        ],
        "mini_library": [
            (
                (
                    "        for group in self.policy.optimizer.param_groups:\n"
                    '            group["lr"] = self.lr_schedule(self.progress_remaining)\n'
                ),
                (
                    "        learning_rate = self.lr_schedule(self.progress_remaining)\n"
                    "        self.policy.optimizer = "
                    "torch.optim.Adam(self.policy.parameters(), lr=learning_rate, "
                    "eps=1e-5)\n"
                ),
            )
        ],
    },
)
