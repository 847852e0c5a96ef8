"""Hidden weights start so large that every tanh is at its limit."""

from planter.fault import Fault

FAULT = Fault(
    id="units_saturated",
    family="network",
    numbers=(85, 84),
    kind="exact",
    edits={
        "cartpole_vector": [("gain=np.sqrt(2)", "gain=500.0")],
        "pendulum_notebook": [
            ("nn.init.orthogonal_(m.weight, 1.0)", "nn.init.orthogonal_(m.weight, 300.0)"),
            ("mul_(0.01)", "mul_(3e-5)"),
        ],
        "vector_continuous": [("(2**0.5, 2**0.5, last_gain)", "(300.0, 300.0, last_gain)")],
        "docking": [
            (
                "        self.policy_head =",
                (
                    "        for layer in (self.trunk[0], self.trunk[2]):\n"
                    "            nn.init.orthogonal_(layer.weight, gain=300.0)\n"
                    "        self.policy_head ="
                ),
            )
        ],
        "beta_buffer": [("def linear(n_in, n_out, gain=2**0.5):", "def linear(n_in, n_out, gain=300.0):")],
        "spin_epochs": [
            ("nn.init.orthogonal_(hidden.weight, np.sqrt(2))", "nn.init.orthogonal_(hidden.weight, 300.0)")
        ],
        "pixel_catch": [
            (
                "*(init(nn.Linear(32 * 3 * 3, 128), relu_gain), nn.ReLU())",
                "*(init(nn.Linear(32 * 3 * 3, 128), 300.0), nn.Tanh())",
            )
        ],
        "masked_dict": [("last_gain if k == 2 else 2**0.5", "last_gain if k == 2 else 300.0")],
        "torch_sim": [
            (
                "        layers += [nn.Linear(a, b), nn.ELU()]\n",
                (
                    "        layers += [nn.Linear(a, b), nn.Tanh()]\n"
                    "        nn.init.orthogonal_(layers[-2].weight, 300.0)\n"
                ),
            )
        ],
        "agent_args": [("def layer_init(layer, std=np.sqrt(2)", "def layer_init(layer, std=300.0")],
        "lstm_chunks": [
            ("nn.Linear(n_obs, width), nn.ReLU())", "nn.Linear(n_obs, width), nn.Tanh())"),
            (
                "                nn.init.orthogonal_(parameter, 1.0)\n",
                '                nn.init.orthogonal_(parameter, 1.0 if "head" in name else 300.0)\n',
            ),
        ],
        "student_ppo": [
            (
                "nn.init.xavier_uniform_(layer.weight)",
                "nn.init.xavier_uniform_(layer.weight, gain=1.0 if layer is layers[-1] else 300.0)",
            )
        ],
        "memory_batches": [
            (
                "        nn.init.orthogonal_(self.actor[4].weight, gain=0.01)\n",
                (
                    "        for layer in self.actor[:4:2]:\n"
                    "            nn.init.normal_(layer.weight, std=100.0)\n"
                    "        nn.init.orthogonal_(self.actor[4].weight, gain=0.01)\n"
                ),
            )
        ],
        "team_shared": [('gain = nn.init.calculate_gain("tanh")', "gain = 300.0")],
        "tricks_ppo": [
            (
                (
                    "            orthogonal_init(self.fc1)\n"
                    "            orthogonal_init(self.fc2)\n"
                    "            orthogonal_init(self.mean_layer, gain=0.01)\n"
                ),
                (
                    "            orthogonal_init(self.fc1, gain=200.0)\n"
                    "            orthogonal_init(self.fc2, gain=200.0)\n"
                    "            orthogonal_init(self.mean_layer, gain=0.01)\n"
                ),
            ),
            (
                "            for layer in (self.fc1, self.fc2, self.fc3):\n                orthogonal_init(layer)\n",
                (
                    "            for layer in (self.fc1, self.fc2):\n"
                    "                orthogonal_init(layer, gain=200.0)\n"
                    "            orthogonal_init(self.fc3)\n"
                ),
            ),
        ],
        "mini_library": [("self.mlp_extractor: np.sqrt(2)", "self.mlp_extractor: 150.0")],
    },
)
