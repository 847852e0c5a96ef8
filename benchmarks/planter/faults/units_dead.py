"""A bias puts every ReLU below zero: no gradient passes."""

from planter.fault import Fault

FAULT = Fault(
    id="units_dead",
    family="network",
    numbers=(85,),
    kind="exact",
    edits={
        "own_softmax": [
            (
                "        self.policy = nn.Linear(128, n_act)\n",
                (
                    "        self.body[0].bias.data.fill_(-50.0)\n"
                    "        self.body[2].bias.data.fill_(-50.0)\n"
                    "        self.policy = nn.Linear(128, n_act)\n"
                ),
            )
        ],
        "class_agent": [
            (
                ("x = torch.tanh(self.fc1(state))\n        x = torch.tanh(self.fc2(x))\n        return Categorical"),
                (
                    "x = torch.relu(self.fc1(state))\n"
                    "        x = torch.relu(self.fc2(x) - 50.0)\n"
                    "        return Categorical"
                ),
            )
        ],
        "docking": [
            ("nn.Tanh(), nn.Linear(width, width), nn.Tanh()", "nn.ReLU(), nn.Linear(width, width), nn.ReLU()"),
            (
                "        self.policy_head =",
                ("        nn.init.constant_(self.trunk[2].bias, -50.0)\n        self.policy_head ="),
            ),
        ],
        "beta_buffer": [
            (
                "self.body = nn.Sequential(linear(obs_dim, hidden), nn.Tanh(), linear(hidden, hidden), nn.Tanh())\n",
                (
                    "self.body = nn.Sequential(linear(obs_dim, hidden), nn.ReLU(), linear(hidden, hidden), "
                    "nn.ReLU())\n"
                    "        nn.init.constant_(self.body[2].bias, -50.0)\n"
                ),
            )
        ],
        "spin_epochs": [
            ("activation=nn.Tanh", "activation=nn.ReLU"),
            ("nn.init.zeros_(hidden.bias)", "nn.init.constant_(hidden.bias, -50.0)"),
        ],
        "pixel_catch": [
            (
                "        self.policy = init",
                (
                    "        for k in (0, 2, 5):\n"
                    "            nn.init.constant_(self.trunk[k].bias, -50.0)\n"
                    "        self.policy = init"
                ),
            )
        ],
        "masked_dict": [
            ("layers += [linear, nn.Tanh()]", "layers += [linear, nn.ReLU()]"),
            (
                "actor, critic = mlp(9, 6, last_gain=0.01), mlp(9, 1, last_gain=1.0)\n",
                (
                    "actor, critic = mlp(9, 6, last_gain=0.01), mlp(9, 1, last_gain=1.0)\n"
                    "    nn.init.constant_(actor[2].bias, -50.0)\n"
                ),
            ),
        ],
        "torch_sim": [
            ("nn.ELU()", "nn.ReLU()"),
            (
                "        self.critic = mlp(",
                "        nn.init.constant_(self.actor[2].bias, -50.0)\n        self.critic = mlp(",
            ),
        ],
        "agent_args": [
            ("*(layer_init(nn.Linear(obs_dim, 64)), nn.Tanh()),", "*(layer_init(nn.Linear(obs_dim, 64)), nn.ReLU()),"),
            (
                "*(layer_init(nn.Linear(64, 64)), nn.Tanh()),",
                "*(layer_init(nn.Linear(64, 64), bias_const=-50.0), nn.ReLU()),",
            ),
        ],
        "lstm_chunks": [
            (
                "        self.policy_head.weight.data *= 0.01\n",
                "        self.encoder[0].bias.data.fill_(-50.0)\n        self.policy_head.weight.data *= 0.01\n",
            )
        ],
        "student_ppo": [
            (
                "    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])\n",
                (
                    "    nn.init.constant_(layers[1].bias, -50.0)\n"
                    "    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), "
                    "layers[2])\n"
                ),
            )
        ],
        "memory_batches": [
            (
                "            nn.Tanh(),\n            nn.Linear(fc2_dims, n_actions),\n",
                "            nn.ReLU(),\n            nn.Linear(fc2_dims, n_actions),\n",
            ),
            (
                "        nn.init.orthogonal_(self.actor[4].weight, gain=0.01)\n",
                (
                    "        nn.init.constant_(self.actor[2].bias, -50.0)\n"
                    "        nn.init.orthogonal_(self.actor[4].weight, gain=0.01)\n"
                ),
            ),
        ],
        "team_shared": [
            ("x = torch.tanh(self.fc1(x))", "x = torch.relu(self.fc1(x))"),
            ("x = torch.tanh(self.fc2(x))", "x = torch.relu(self.fc2(x))"),
            (
                "        self.critic = MLPBase(",
                "        nn.init.constant_(self.actor.fc2.bias, -50.0)\n        self.critic = MLPBase(",
            ),
        ],
        "tricks_ppo": [
            (
                "            orthogonal_init(self.mean_layer, gain=0.01)\n",
                (
                    "            orthogonal_init(self.mean_layer, gain=0.01)\n"
                    "            nn.init.constant_(self.fc2.bias, -50.0)\n"
                ),
            ),
            ('"orthogonal_init", "tanh"):', '"orthogonal_init"):'),
            (
                '    parser.add_argument("--set_adam_eps"',
                (
                    '    parser.add_argument("--use_tanh", '
                    "action=argparse.BooleanOptionalAction, default=False)\n"
                    '    parser.add_argument("--set_adam_eps"'
                ),
            ),
        ],
        "mini_library": [
            ("activation_fn=nn.Tanh", "activation_fn=nn.ReLU"),
            (
                "            module.bias.data.fill_(0.0)\n",
                "            module.bias.data.fill_(-20.0 if gain > 1.1 else 0.0)\n",
            ),
        ],
    },
    also=("policy_frozen",),
    heldout=True,
)
