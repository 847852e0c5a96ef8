"""The spread of the actions is in no optimizer."""

from planter.fault import Fault

FAULT = Fault(
    id="parameters_not_in_optimizer",
    family="network",
    numbers=(17,),
    kind="exact",
    edits={
        "pendulum_notebook": [
            (
                "optimizer = optim.Adam(model.parameters(), lr=lr)",
                "optimizer = optim.Adam([*model.actor.parameters(), *model.critic.parameters()], lr=lr)",
            )
        ],
        "vector_continuous": [
            ("torch.optim.Adam(net.parameters()", "torch.optim.Adam([*net.mean.parameters(), *net.value.parameters()]")
        ],
        "reach_functional": [
            (
                "torch.optim.Adam(policy.parameters()",
                'torch.optim.Adam([*policy["actor"].parameters(), *policy["critic"].parameters()]',
            )
        ],
        "torch_sim": [
            (
                "self.optimizer = torch.optim.Adam(self.actor_critic.parameters()",
                (
                    "networks = [*self.actor_critic.actor.parameters(), "
                    "*self.actor_critic.critic.parameters()]\n"
                    "        self.optimizer = torch.optim.Adam(networks"
                ),
            )
        ],
        "agent_args": [
            (
                "optim.Adam(agent.parameters()",
                "optim.Adam([*agent.trunk.parameters(), *agent.actor_mean.parameters(), *agent.critic.parameters()]",
            )
        ],
        "student_ppo": [
            ("Adam(self.actor.parameters(), lr=lr_actor)", "Adam(self.actor.net.parameters(), lr=lr_actor)")
        ],
        "tricks_ppo": [
            (
                "        self.optimizer_actor = torch.optim.Adam(self.actor.parameters(), lr=args.lr_a, eps=eps)\n",
                (
                    "        layers = nn.ModuleList([self.actor.fc1, self.actor.fc2, "
                    "self.actor.mean_layer])\n"
                    "        self.optimizer_actor = torch.optim.Adam(layers.parameters(), "
                    "lr=args.lr_a, eps=eps)\n"
                ),
            )
        ],
    },
)
