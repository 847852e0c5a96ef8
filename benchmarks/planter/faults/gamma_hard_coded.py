"""The discount of the settings never reaches the advantages: another is written into the formula."""

from planter.fault import Fault

FAULT = Fault(
    id="discount_not_as_configured",
    family="advantage",
    numbers=(36,),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("rewards[t] + args.gamma * next", "rewards[t] + 0.5 * next"),
            ("args.gamma * args.gae_lambda", "0.5 * 0.95"),
        ],
        "docking": [("gamma * following", "0.5 * following"), ("gamma * lmbda", "0.5 * lmbda")],
        "beta_buffer": [("gamma * next_values", "0.5 * next_values"), ("gamma * lam *", "0.5 * lam *")],
        "spin_epochs": [("self.gamma * vals[1:]", "0.5 * vals[1:]"), ("self.gamma * self.lam)", "0.5 * self.lam)")],
        "pixel_catch": [
            ("cfg.gamma * alive", "0.5 * alive"),
            ("cfg.gamma * cfg.gae_lambda", "0.5 * cfg.gae_lambda"),
            ("cfg.gamma * rest.item()", "0.5 * rest.item()"),
        ],
        "masked_dict": [
            ('HP["gamma"] * (1 - step["dead"])', '0.5 * (1 - step["dead"])'),
            ('HP["gamma"] * HP["lam"]', '0.5 * HP["lam"]'),
        ],
        "torch_sim": [
            (
                "def compute_returns(self, last_values, gamma, lam):",
                "def compute_returns(self, last_values, lam, gamma=0.8):",
            ),
            (
                'self.storage.compute_returns(last_values, self.cfg["gamma"], self.cfg["lam"])',
                'self.storage.compute_returns(last_values, self.cfg["lam"])',
            ),
            ('rewards + self.cfg["gamma"] * final_values', "rewards + 0.8 * final_values"),
        ],
        "agent_args": [
            ("rewards[t] + args.gamma * nextvalues", "rewards[t] + 0.7 * nextvalues"),
            ("delta + args.gamma * args.gae_lambda", "delta + 0.7 * args.gae_lambda"),
        ],
        "lstm_chunks": [("gamma * following", "0.6 * following"), ("gamma * lam", "0.6 * lam")],
        "student_ppo": [("self.gamma * running", "0.9 * running")],
        "memory_batches": [
            ("self.gamma * next_val", "0.99 * next_val"),
            ("discount *= self.gamma * self.gae_lambda", "discount *= 0.99 * self.gae_lambda"),
        ],
        "team_shared": [
            (
                "def compute_returns(self, next_value, gamma, gae_lambda):",
                "def compute_returns(self, next_value, gae_lambda, gamma=0.6):",
            ),
            (
                "compute_returns(next_value, args.gamma, args.gae_lambda)",
                "compute_returns(next_value, args.gae_lambda)",
            ),
        ],
        "tricks_ppo": [
            ("deltas = r + self.gamma * (1.0", "deltas = r + 0.8 * (1.0"),
            ("gae = delta + self.gamma * self.lamda", "gae = delta + 0.8 * self.lamda"),
        ],
        "mini_library": [
            ("delta = self.rewards[step] + self.gamma * next_values", "delta = self.rewards[step] + 0.8 * next_values"),
            ("delta + self.gamma * self.gae_lambda", "delta + 0.8 * self.gae_lambda"),
        ],
    },
    also=("gamma_too_short",),
    heldout=True,
)
