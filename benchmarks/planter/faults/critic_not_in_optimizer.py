"""The critic is in no optimizer."""

from planter.fault import Fault

FAULT = Fault(
    id="parameters_not_in_optimizer",
    family="network",
    numbers=(17,),
    kind="exact",
    edits={
        "cartpole_vector": [("optim.Adam(agent.parameters()", "optim.Adam(agent.actor.parameters()")],
        "class_agent": [
            ("list(self.actor.parameters()) + list(self.critic.parameters())", "list(self.actor.parameters())")
        ],
        "own_gaussian": [("Adam([*actor.parameters(), *critic.parameters()]", "Adam([*actor.parameters()]")],
        "docking": [
            (
                "AdamW(self.policy.parameters()",
                "AdamW([*self.policy.trunk.parameters(), *self.policy.policy_head.parameters()]",
            )
        ],
        "beta_buffer": [
            (
                "        self.optimizer = torch.optim.Adam(self.policy.parameters()",
                (
                    "        actor = nn.ModuleList([self.policy.body, self.policy.alpha_head, "
                    "self.policy.beta_head])\n"
                    "        self.optimizer = torch.optim.Adam(actor.parameters()"
                ),
            )
        ],
        "spin_epochs": [("Adam(ac.vf.parameters(), lr=vf_lr)", "Adam(ac.pi.parameters(), lr=vf_lr)")],
        "pixel_catch": [("Adam(agent.parameters()", "Adam([*agent.trunk.parameters(), *agent.policy.parameters()]")],
        "masked_dict": [("Adam([actor_group, critic_group]", "Adam([actor_group]")],
        "torch_sim": [
            (
                "self.optimizer = torch.optim.Adam(self.actor_critic.parameters()",
                (
                    "actor = [*self.actor_critic.actor.parameters(), "
                    "self.actor_critic.std]\n"
                    "        self.optimizer = torch.optim.Adam(actor"
                ),
            )
        ],
        "agent_args": [
            (
                "optim.Adam(agent.parameters()",
                "optim.Adam([*agent.trunk.parameters(), *agent.actor_mean.parameters(), agent.actor_logstd]",
            )
        ],
        "lstm_chunks": [
            (
                "    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr, eps=1e-5)\n",
                (
                    '    groups = [{"params": part.parameters()} for part in (net.encoder, '
                    "net.lstm, net.policy_head)]\n"
                    "    optimizer = torch.optim.Adam(groups, lr=args.lr, eps=1e-5)\n"
                ),
            )
        ],
        "student_ppo": [
            ("Adam(self.critic.parameters(), lr=lr_critic)", "Adam(self.actor.parameters(), lr=lr_critic)")
        ],
        "memory_batches": [
            ("        self.optimizer = optim.Adam(self.parameters(), lr=alpha, eps=1e-5)\n", ""),
            ("        self.optimizer = optim.Adam(self.parameters(), lr=beta, eps=1e-5)\n", ""),
            (
                "        self.memory = PPOMemory(batch_size)\n",
                (
                    "        self.optimizer = optim.Adam(self.actor.parameters(), "
                    "lr=alpha, eps=1e-5)\n"
                    "        self.memory = PPOMemory(batch_size)\n"
                ),
            ),
            (
                "                self.actor.optimizer.zero_grad()\n                self.critic.optimizer.zero_grad()\n",
                "                self.optimizer.zero_grad()\n",
            ),
            (
                "                self.actor.optimizer.step()\n                self.critic.optimizer.step()\n",
                "                self.optimizer.step()\n",
            ),
            ("alpha=0.001, beta=0.002,", "alpha=0.001,"),
            ("CriticNetwork(input_dims, beta, chkpt_dir", "CriticNetwork(input_dims, chkpt_dir"),
            ("def __init__(self, input_dims, beta, fc1_dims", "def __init__(self, input_dims, fc1_dims"),
            (
                "def __init__(self, input_dims, n_actions, alpha, fc1_dims",
                "def __init__(self, input_dims, n_actions, fc1_dims",
            ),
            ("ActorNetwork(input_dims, n_actions, alpha, chkpt_dir", "ActorNetwork(input_dims, n_actions, chkpt_dir"),
        ],
        "team_shared": [
            (
                (
                    '            {"params": self.critic.parameters(), "lr": '
                    'args.critic_lr, "initial_lr": args.critic_lr},\n'
                ),
                "",
            )
        ],
        "tricks_ppo": [("Adam(self.critic.parameters(), lr=args.lr_c", "Adam(self.actor.parameters(), lr=args.lr_c")],
        "mini_library": [
            (
                "torch.optim.Adam(self.parameters(), lr=lr_schedule(1.0), eps=1e-5)",
                (
                    "torch.optim.Adam(\n"
                    "            [*self.mlp_extractor.policy_net.parameters(), "
                    "*self.action_net.parameters()],\n"
                    "            lr=lr_schedule(1.0),\n"
                    "            eps=1e-5,\n"
                    "        )"
                ),
            )
        ],
    },
)
