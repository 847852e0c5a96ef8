"""A new optimizer is made for every update: its moments are lost."""

from planter.fault import Fault

FAULT = Fault(
    id="optimizer_made_anew",
    family="network",
    numbers=(26,),
    kind="exact",
    edits={
        "class_agent": [
            (
                "        m = self.memory\n        states = torch",
                (
                    "        both = [*self.actor.parameters(), *self.critic.parameters()]\n"
                    "        self.optimizer = torch.optim.Adam(both, lr=2e-3)\n"
                    "        m = self.memory\n"
                    "        states = torch"
                ),
            )
        ],
        "docking": [
            (
                "        cfg = self.config\n",
                (
                    "        cfg = self.config\n"
                    "        self.optimizer = torch.optim.AdamW(self.policy.parameters(), lr=cfg.lr)\n"
                ),
            )
        ],
        "own_softmax": [
            (
                "    s, a, _, _, p_old, _, _ = batch\n",
                (
                    "    s, a, _, _, p_old, _, _ = batch\n"
                    "    opt = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)\n"
                ),
            )
        ],
        "beta_buffer": [
            (
                "        cfg = self.cfg\n        for _",
                (
                    "        cfg = self.cfg\n"
                    "        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=cfg.learning_rate, "
                    "eps=1e-5)\n"
                    "        for _"
                ),
            )
        ],
        "spin_epochs": [
            (
                "        data = buf.get()\n",
                (
                    "        data = buf.get()\n"
                    "        pi_opt = torch.optim.Adam(ac.pi.parameters(), lr=pi_lr)\n"
                    "        vf_opt = torch.optim.Adam(ac.vf.parameters(), lr=vf_lr)\n"
                ),
            )
        ],
    },
)
