"""Half of the policy's units are dropped at random, while acting and while learning."""

from planter.fault import Fault

FAULT = Fault(
    id="ratio_not_one_at_start",
    family="network",
    numbers=(89, 9),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "layer(64, 64), nn.Tanh(), layer(64, n_actions, gain=0.01)",
                "layer(64, 64), nn.Tanh(), nn.Dropout(0.5), layer(64, n_actions, gain=1.0)",
            )
        ],
        "class_agent": [
            (
                "        return Categorical(F.softmax(self.out(x), dim=-1))",
                ("        x = F.dropout(x, 0.5)\n        return Categorical(F.softmax(10 * self.out(x), dim=-1))"),
            )
        ],
        "docking": [
            ("nn.Linear(width, width), nn.Tanh())", "nn.Linear(width, width), nn.Tanh(), nn.Dropout(0.5))"),
            ("gain=0.01", "gain=1.0"),
        ],
        "pendulum_notebook": [
            (
                "            nn.Linear(hidden_size, num_outputs),",
                ("            nn.Dropout(0.5),\n            nn.Linear(hidden_size, num_outputs),"),
            ),
            ("self.actor[-1].weight.mul_(0.01)", "self.actor[-1].weight.mul_(1.0)"),
        ],
        "beta_buffer": [
            (
                "self.body = nn.Sequential(linear(obs_dim, hidden), nn.Tanh(), linear(hidden, hidden), nn.Tanh())",
                (
                    "self.body = nn.Sequential(\n"
                    "            linear(obs_dim, hidden), nn.Tanh(), linear(hidden, hidden), nn.Tanh(), "
                    "nn.Dropout(0.5)\n"
                    "        )"
                ),
            ),
            (
                "self.alpha_head = linear(hidden, act_dim, gain=0.01)",
                "self.alpha_head = linear(hidden, act_dim, gain=1.0)",
            ),
            (
                "self.beta_head = linear(hidden, act_dim, gain=0.01)",
                "self.beta_head = linear(hidden, act_dim, gain=1.0)",
            ),
        ],
        "spin_epochs": [
            (
                "def mlp(sizes, activation=nn.Tanh, last_std=1.0):",
                "def mlp(sizes, activation=nn.Tanh, last_std=1.0, dropout=0.0):",
            ),
            ("layers += [hidden, activation()]", "layers += [hidden, activation(), nn.Dropout(dropout)]"),
            ("n_actions], last_std=0.01)", "n_actions], last_std=0.3, dropout=0.5)"),
        ],
        "pixel_catch": [
            ("32 * 3 * 3, 128), relu_gain), nn.ReLU()),", "32 * 3 * 3, 128), relu_gain), nn.ReLU(), nn.Dropout(0.5)),"),
            ("nn.Linear(128, n_actions), 0.01)", "nn.Linear(128, n_actions), 1.0)"),
        ],
        "masked_dict": [
            (
                "actor, critic = mlp(9, 6, last_gain=0.01), mlp(9, 1, last_gain=1.0)\n",
                (
                    "actor, critic = mlp(9, 6, last_gain=1.0), mlp(9, 1, last_gain=1.0)\n"
                    "    actor.insert(4, nn.Dropout(0.5))\n"
                ),
            )
        ],
        "torch_sim": [
            (
                "self.actor = mlp(num_obs, hidden_dims, num_actions, last_gain=0.01)\n",
                (
                    "self.actor = mlp(num_obs, hidden_dims, num_actions, last_gain=1.0)\n"
                    "        self.actor.insert(len(self.actor) - 1, nn.Dropout(0.5))\n"
                ),
            )
        ],
        "agent_args": [
            (
                "*(layer_init(nn.Linear(64, 64)), nn.Tanh()),",
                "*(layer_init(nn.Linear(64, 64)), nn.Tanh(), nn.Dropout(0.5)),",
            ),
            ("layer_init(nn.Linear(64, act_dim), std=0.01)", "layer_init(nn.Linear(64, act_dim), std=1.0)"),
        ],
        "lstm_chunks": [
            ("nn.Linear(n_obs, width), nn.ReLU())", "nn.Linear(n_obs, width), nn.ReLU(), nn.Dropout(0.5))"),
            ("        self.policy_head.weight.data *= 0.01\n", ""),
        ],
        "student_ppo": [
            (
                "def make_net(n_inputs, n_outputs, hidden=64):",
                "def make_net(n_inputs, n_outputs, hidden=64, dropout=0.0):",
            ),
            (
                "nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])",
                "nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), nn.Dropout(dropout), layers[2])",
            ),
            ("make_net(state_dim, action_dim)", "make_net(state_dim, action_dim, dropout=0.5)"),
        ],
        "memory_batches": [
            (
                "            nn.Tanh(),\n            nn.Linear(fc2_dims, n_actions),\n",
                "            nn.Tanh(),\n            nn.Dropout(p=0.5),\n            nn.Linear(fc2_dims, n_actions),\n",
            ),
            ("        nn.init.orthogonal_(self.actor[4].weight, gain=0.01)\n", ""),
        ],
        "team_shared": [
            (
                "def __init__(self, n_inputs, n_outputs, hidden_size, output_gain):",
                "def __init__(self, n_inputs, n_outputs, hidden_size, output_gain, dropout=0.0):",
            ),
            (
                "        self.out = init(nn.Linear(hidden_size, n_outputs), output_gain)\n",
                (
                    "        self.out = init(nn.Linear(hidden_size, n_outputs), "
                    "output_gain)\n"
                    "        self.dropout = nn.Dropout(dropout)\n"
                ),
            ),
            ("return self.out(x)", "return self.out(self.dropout(x))"),
            ("args.hidden_size, output_gain=0.01)", "args.hidden_size, output_gain=1.0, dropout=0.5)"),
        ],
        "tricks_ppo": [
            (
                "        self.log_std = nn.Parameter",
                "        self.dropout = nn.Dropout(0.5)\n        self.log_std = nn.Parameter",
            ),
            (
                "        hidden = self.activate_func(self.fc2(hidden))\n",
                "        hidden = self.dropout(self.activate_func(self.fc2(hidden)))\n",
            ),
            ("orthogonal_init(self.mean_layer, gain=0.01)", "orthogonal_init(self.mean_layer)"),
        ],
        "mini_library": [
            (
                'self._build(feature_dim, net_arch["pi"], activation_fn)',
                'self._build(feature_dim, net_arch["pi"], activation_fn).append(nn.Dropout(0.5))',
            ),
            ("self.action_net: 0.01", "self.action_net: 1.0"),
        ],
    },
)
