"""The recursion runs over environments where it should run over time."""

from planter.fault import Fault

FAULT = Fault(
    id="gae_along_wrong_axis",
    family="advantage",
    numbers=(32,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                ("    lastgaelam = torch.zeros(args.num_envs)\n    for t in reversed(range(args.num_steps)):"),
                ("    lastgaelam = torch.zeros(args.num_steps)\n    for t in reversed(range(args.num_envs)):"),
            ),
            (
                "delta = rewards[t] + args.gamma * next_values[t] * (1.0 - terminateds[t]) - values[t]",
                "delta = rewards[:, t] + args.gamma * next_values[:, t] * (1.0 - terminateds[:, t]) - values[:, t]",
            ),
            (
                "(1.0 - dones[t]) * lastgaelam\n        advantages[t] =",
                "(1.0 - dones[:, t]) * lastgaelam\n        advantages[:, t] =",
            ),
        ],
        "vector_continuous": [
            ("last = torch.zeros(self.reward.shape[1])", "last = torch.zeros(self.reward.shape[0])"),
            ("range(len(adv) - 1, -1, -1)", "range(adv.shape[1] - 1, -1, -1)"),
            (
                "self.reward[t] + gamma * self.next_value[t] * self.alive[t] - self.value[t]",
                "self.reward[:, t] + gamma * self.next_value[:, t] * self.alive[:, t] - self.value[:, t]",
            ),
            (
                "self.running_on[t] * last\n            adv[t] = last",
                "self.running_on[:, t] * last\n            adv[:, t] = last",
            ),
        ],
        "beta_buffer": [
            ("gae = torch.zeros_like(last_values)", "gae = torch.zeros_like(deltas[:, 0])"),
            ("reversed(range(len(deltas)))", "reversed(range(len(last_values)))"),
            ("deltas[t] + gamma * lam * keep_going[t] * gae", "deltas[:, t] + gamma * lam * keep_going[:, t] * gae"),
            ("self.advantages[t] = gae", "self.advantages[:, t] = gae"),
        ],
    },
    also=("gae_leaks_across_environments",),
    heldout=True,
)
