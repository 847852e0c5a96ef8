"""The actor is in no optimizer."""

from planter.fault import Fault

FAULT = Fault(
    id="parameters_not_in_optimizer",
    family="network",
    numbers=(17,),
    kind="exact",
    edits={
        "cartpole_vector": [("optim.Adam(agent.parameters()", "optim.Adam(agent.critic.parameters()")],
        "class_agent": [
            ("list(self.actor.parameters()) + list(self.critic.parameters())", "list(self.critic.parameters())")
        ],
        "two_optimizers": [("Adam(pi.parameters(), lr=pi_lr)", "Adam(v.parameters(), lr=pi_lr)")],
        "recurrent_gru": [("Adam(net.parameters()", "Adam(net.v.parameters()")],
        "docking": [("AdamW(self.policy.parameters()", "AdamW(self.policy.value_head.parameters()")],
        "beta_buffer": [("Adam(self.policy.parameters()", "Adam(self.policy.critic.parameters()")],
        "spin_epochs": [("Adam(ac.pi.parameters(), lr=pi_lr)", "Adam(ac.vf.parameters(), lr=pi_lr)")],
        "pixel_catch": [("Adam(agent.parameters()", "Adam(agent.value.parameters()")],
        "masked_dict": [("Adam([actor_group, critic_group]", "Adam([critic_group]")],
        "torch_sim": [
            (
                "self.optimizer = torch.optim.Adam(self.actor_critic.parameters()",
                "self.optimizer = torch.optim.Adam(self.actor_critic.critic.parameters()",
            )
        ],
        "agent_args": [
            ("optim.Adam(agent.parameters()", "optim.Adam([*agent.trunk.parameters(), *agent.critic.parameters()]")
        ],
        "lstm_chunks": [
            (
                "    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr, eps=1e-5)\n",
                (
                    "    trained = [*net.encoder.parameters(), *net.lstm.parameters(), "
                    "*net.value_head.parameters()]\n"
                    "    optimizer = torch.optim.Adam(trained, lr=args.lr, eps=1e-5)\n"
                ),
            )
        ],
        "student_ppo": [
            ("Adam(self.actor.parameters(), lr=lr_actor)", "Adam(self.old_actor.parameters(), lr=lr_actor)")
        ],
        "memory_batches": [
            ("        self.optimizer = optim.Adam(self.parameters(), lr=alpha, eps=1e-5)\n", ""),
            ("        self.optimizer = optim.Adam(self.parameters(), lr=beta, eps=1e-5)\n", ""),
            (
                "        self.memory = PPOMemory(batch_size)\n",
                (
                    "        self.actor.optimizer = optim.Adam(self.critic.parameters(), "
                    "lr=alpha, eps=1e-5)\n"
                    "        self.critic.optimizer = optim.Adam(self.critic.parameters(), "
                    "lr=beta, eps=1e-5)\n"
                    "        self.memory = PPOMemory(batch_size)\n"
                ),
            ),
        ],
        "team_shared": [
            ('            {"params": self.actor.parameters(), "lr": args.lr, "initial_lr": args.lr},\n', "")
        ],
        "tricks_ppo": [("Adam(self.actor.parameters(), lr=args.lr_a", "Adam(self.critic.parameters(), lr=args.lr_a")],
        "mini_library": [
            (
                "torch.optim.Adam(self.parameters(), lr=lr_schedule(1.0), eps=1e-5)",
                (
                    "torch.optim.Adam(\n"
                    "            [*self.mlp_extractor.value_net.parameters(), "
                    "*self.value_net.parameters()],\n"
                    "            lr=lr_schedule(1.0),\n"
                    "            eps=1e-5,\n"
                    "        )"
                ),
            )
        ],
    },
)
