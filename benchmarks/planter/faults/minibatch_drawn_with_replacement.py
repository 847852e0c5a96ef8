"""Minibatches are drawn at random with replacement: some samples never, some often."""

from planter.fault import Fault

FAULT = Fault(
    id="minibatch_drawn_with_replacement",
    family="update",
    numbers=(19,),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("mb = indices[begin : begin + minibatch_size]", "mb = np.random.randint(0, batch_size, minibatch_size)")
        ],
        "class_agent": [("in torch.randperm(len(m)).split", "in torch.randint(len(m), (len(m),)).split")],
        "own_softmax": [("order = torch.randperm(T_HORIZON)", "order = torch.randint(T_HORIZON, (T_HORIZON,))")],
        "docking": [
            (
                "in torch.randperm(flat[0].shape[0]).split",
                "in torch.randint(flat[0].shape[0], (flat[0].shape[0],)).split",
            )
        ],
        "beta_buffer": [("torch.randperm(len(flat[0])).split", "torch.randint(len(flat[0]), (len(flat[0]),)).split")],
        "pixel_catch": [("in torch.randperm(len(adv)).split", "in torch.randint(len(adv), (len(adv),)).split")],
        "masked_dict": [
            (
                (
                    'DataLoader(TensorDataset(*(c.flatten(0, 1) for c in columns)), batch_size=HP["batch"], '
                    "shuffle=True)"
                ),
                ('DataLoader(dataset, HP["batch"], sampler=torch.utils.data.RandomSampler(dataset, replacement=True))'),
            ),
            ("    loader =", "    dataset = TensorDataset(*(c.flatten(0, 1) for c in columns))\n    loader ="),
        ],
        "torch_sim": [("torch.randperm(batch_size)", "torch.randint(batch_size, (batch_size,))")],
        "agent_args": [
            ("mb_inds = b_inds[start : start + minibatch_size]", "mb_inds = np.random.choice(b_inds, minibatch_size)")
        ],
        "lstm_chunks": [("torch.randperm(len(h0)).chunk", "torch.randint(len(h0), (len(h0),)).chunk")],
        "student_ppo": [
            (
                "from torch.utils.data import BatchSampler, SubsetRandomSampler",
                "from torch.utils.data import BatchSampler, RandomSampler",
            ),
            ("SubsetRandomSampler(range(len(states)))", "RandomSampler(states, replacement=True)"),
        ],
        "memory_batches": [
            (
                "        indices = np.arange(n_states, dtype=np.int64)\n        np.random.shuffle(indices)\n",
                "        indices = np.random.choice(n_states, n_states)\n",
            )
        ],
        "team_shared": [("torch.randperm(len(rows[0])).chunk", "torch.randint(len(rows[0]), (len(rows[0]),)).chunk")],
        "tricks_ppo": [
            ("import BatchSampler, SubsetRandomSampler", "import BatchSampler, RandomSampler"),
            ("SubsetRandomSampler(range(self.batch_size))", "RandomSampler(range(self.batch_size), replacement=True)"),
        ],
        "mini_library": [
            (
                "indices = np.random.permutation(self.buffer_size * self.n_envs)",
                "total = self.buffer_size * self.n_envs\n        indices = np.random.randint(total, size=total)",
            )
        ],
    },
)
