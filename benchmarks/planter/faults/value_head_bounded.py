"""A tanh bounds the value to one, though returns are far larger."""

from planter.fault import Fault

FAULT = Fault(
    id="value_head_bounded",
    family="network",
    numbers=(83, 88),
    kind="exact",
    edits={
        "class_agent": [
            (
                "x = torch.tanh(self.fc2(x))\n        return self.out(x)",
                "x = torch.tanh(self.fc2(x))\n        return torch.tanh(self.out(x))",
            )
        ],
        "own_softmax": [("return self.value(self.body(x))", "return torch.tanh(self.value(self.body(x)))")],
        "cartpole_vector": [("return self.critic(x).squeeze(-1)", "return torch.tanh(self.critic(x)).squeeze(-1)")],
        "docking": [("self.value_head(features).squeeze(-1)", "self.value_head(features).tanh().squeeze(-1)")],
        "recurrent_gru": [("self.v(h).squeeze(-1), h", "self.v(h).tanh().squeeze(-1), h")],
        "beta_buffer": [("return self.critic(obs).squeeze(-1)", "return torch.tanh(self.critic(obs)).squeeze(-1)")],
        "spin_epochs": [("return self.vf(obs).squeeze(-1)", "return torch.tanh(self.vf(obs)).squeeze(-1)")],
        "pixel_catch": [("self.value(hidden).squeeze(-1)", "self.value(hidden).tanh().squeeze(-1)")],
        "torch_sim": [("return self.critic(observations)", "return torch.tanh(self.critic(observations))")],
        "agent_args": [
            (
                "self.critic = layer_init(nn.Linear(64, 1), std=1.0)",
                "self.critic = nn.Sequential(layer_init(nn.Linear(64, 1), std=1.0), nn.Tanh())",
            )
        ],
        "student_ppo": [("return self.net(state)", "return torch.tanh(self.net(state))")],
        "memory_batches": [
            ("            nn.Linear(fc2_dims, 1),\n", "            nn.Linear(fc2_dims, 1),\n            nn.Tanh(),\n")
        ],
        "team_shared": [
            (
                "def __init__(self, n_inputs, n_outputs, hidden_size, output_gain):",
                "def __init__(self, n_inputs, n_outputs, hidden_size, output_gain, squash=None):",
            ),
            (
                "        self.out = init(nn.Linear(hidden_size, n_outputs), output_gain)\n",
                (
                    "        self.out = init(nn.Linear(hidden_size, n_outputs), "
                    "output_gain)\n"
                    "        self.squash = squash or nn.Identity()\n"
                ),
            ),
            ("return self.out(x)", "return self.squash(self.out(x))"),
            ("args.hidden_size, output_gain=1.0)", "args.hidden_size, output_gain=1.0, squash=nn.Tanh())"),
        ],
        "tricks_ppo": [("        return self.fc3(s)", "        return torch.tanh(self.fc3(s))")],
        "mini_library": [
            (
                "self.value_net = nn.Linear(self.mlp_extractor.latent_dim_vf, 1)",
                "self.value_net = nn.Sequential(nn.Linear(self.mlp_extractor.latent_dim_vf, 1), nn.Tanh())",
            )
        ],
    },
    also=("value_function_blind",),
)
