"""The advantage recursion runs on from one episode into the one before."""

from planter.fault import Fault

FAULT = Fault(
    id="gae_leaks_across_episodes",
    family="advantage",
    numbers=(32,),
    kind="exact",
    edits={
        "cartpole_vector": [("args.gae_lambda * (1.0 - dones[t]) * lastgaelam", "args.gae_lambda * lastgaelam")],
        "own_softmax": [("GAMMA * LAMBDA * (1 - over[t, 0].item()) * acc", "GAMMA * LAMBDA * acc")],
        "vector_continuous": [("gamma * lam * self.running_on[t] * last", "gamma * lam * last")],
        "drone_multidiscrete": [
            ("(0.0 if cut[t] else args.gamma * args.lmbda * acc)", "args.gamma * args.lmbda * acc")
        ],
        "own_gaussian": [("gamma * lam * ~ENDED[t] * tail", "gamma * lam * tail")],
        "recurrent_gru": [('gamma * lam * (1 - d["ended"][t]) * last', "gamma * lam * last")],
        "docking": [("gamma * lmbda * going_on * running", "gamma * lmbda * running")],
        "reach_functional": [("hp.gamma * hp.lam * (1.0 - ended)", "hp.gamma * hp.lam * torch.ones_like(ended)")],
        "beta_buffer": [("gamma * lam * keep_going[t] * gae", "gamma * lam * gae")],
        "spin_epochs": [
            (
                "        self.adv = np.zeros(size, dtype=np.float32)\n",
                (
                    "        self.adv = np.zeros(size, dtype=np.float32)\n"
                    "        self.delta = np.zeros(size, dtype=np.float32)\n"
                ),
            ),
            (
                (
                    "        deltas = self.rew[path] + self.gamma * vals[1:] - vals[:-1]\n"
                    "        self.adv[path] = discount_cumsum(deltas, self.gamma * self.lam)\n"
                    "        self.ret[path] = self.adv[path] + self.val[path]\n"
                ),
                (
                    "        self.delta[path] = self.rew[path] + self.gamma * vals[1:] - vals[:-1]\n"
                    "        self.adv[: self.ptr] = discount_cumsum(self.delta[: self.ptr], self.gamma * self.lam)\n"
                    "        self.ret[: self.ptr] = self.adv[: self.ptr] + self.val[: self.ptr]\n"
                ),
            ),
        ],
        "pixel_catch": [("cfg.gae_lambda * alive * running", "cfg.gae_lambda * running")],
        "masked_dict": [('HP["lam"] * (1 - step["over"]) * tail', 'HP["lam"] * tail')],
        "torch_sim": [("gamma * lam * not_done * advantage", "gamma * lam * advantage")],
        "agent_args": [("args.gae_lambda * nextnonterminal * lastgaelam", "args.gae_lambda * lastgaelam")],
        "lstm_chunks": [('gamma * lam * (1.0 - buf["ended"][t]) * running', "gamma * lam * running")],
        "memory_batches": [("                if dones[k] or cuts[k]:\n                    break\n", "")],
        "team_shared": [("gamma * gae_lambda * going_on * gae", "gamma * gae_lambda * gae")],
        "tricks_ppo": [("self.lamda * gae * (1.0 - d)", "self.lamda * gae")],
        "mini_library": [
            (
                "self.gamma * self.gae_lambda * next_non_terminal * last_gae_lam",
                "self.gamma * self.gae_lambda * last_gae_lam",
            )
        ],
    },
)
