"""The last layer of the policy starts large: the first actions are already decided."""

from planter.fault import Fault

FAULT = Fault(
    id="policy_head_not_small",
    family="network",
    numbers=(83,),
    kind="exact",
    edits={
        "cartpole_vector": [("gain=0.01", "gain=30.0")],
        "class_agent": [("nn.init.orthogonal_(self.out.weight, 0.01)", "nn.init.orthogonal_(self.out.weight, 30.0)")],
        "own_softmax": [("weight.data.mul_(0.01)", "weight.data.mul_(100.0)")],
        "two_optimizers": [("output_gain=0.01", "output_gain=100.0")],
        "drone_multidiscrete": [("nn.init.orthogonal_(head.weight, 0.01)", "nn.init.orthogonal_(head.weight, 30.0)")],
        "recurrent_gru": [("nn.init.orthogonal_(self.pi.weight, 0.01)", "nn.init.orthogonal_(self.pi.weight, 30.0)")],
        "docking": [("gain=0.01", "gain=30.0")],
        "beta_buffer": [
            (
                "self.alpha_head = linear(hidden, act_dim, gain=0.01)",
                "self.alpha_head = linear(hidden, act_dim, gain=30.0)",
            ),
            (
                "self.beta_head = linear(hidden, act_dim, gain=0.01)",
                "self.beta_head = linear(hidden, act_dim, gain=30.0)",
            ),
        ],
        "spin_epochs": [("last_std=0.01", "last_std=30.0")],
        "pixel_catch": [("nn.Linear(128, n_actions), 0.01)", "nn.Linear(128, n_actions), 30.0)")],
        "masked_dict": [("mlp(9, 6, last_gain=0.01)", "mlp(9, 6, last_gain=30.0)")],
        "torch_sim": [("last_gain=0.01", "last_gain=20.0")],
        "agent_args": [("nn.Linear(64, act_dim), std=0.01)", "nn.Linear(64, act_dim), std=20.0)")],
        "lstm_chunks": [("self.policy_head.weight.data *= 0.01", "self.policy_head.weight.data *= 40.0")],
        "student_ppo": [
            ("nn.init.uniform_(self.net[-1].weight, -0.003, 0.003)", "nn.init.uniform_(self.net[-1].weight, -3.0, 3.0)")
        ],
        "memory_batches": [("gain=0.01", "gain=50.0")],
        "team_shared": [("output_gain=0.01", "output_gain=30.0")],
        "tricks_ppo": [("orthogonal_init(self.mean_layer, gain=0.01)", "orthogonal_init(self.mean_layer, gain=20.0)")],
        "mini_library": [("self.action_net: 0.01", "self.action_net: 10.0")],
    },
)
