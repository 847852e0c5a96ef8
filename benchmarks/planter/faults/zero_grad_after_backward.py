"""Gradients are thrown away between backward and step."""

from planter.fault import Fault
from planter.patterns import statements_calling
from planter.source import Source


def plant(source: Source) -> None:
    """Calls `zero_grad()` in front of every `step()` too."""
    zero = source.text(statements_calling(source, "zero_grad")[0])
    for spot in reversed(statements_calling(source, "step")):
        step = source.text(spot)
        optimizer = step[: step.index(".step")]
        if optimizer == zero[: zero.index(".zero_grad")] or "_optimizer" in optimizer:
            source.swap(spot, f"{optimizer}.zero_grad(set_to_none=False); {step}")


FAULT = Fault(
    id="parameters_never_move",
    family="update",
    numbers=(16, 17),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    also=("policy_frozen", "gradients_not_zeroed"),
    heldout=True,
    edits={
        "spin_epochs": [
            (
                "            pi_opt.zero_grad()\n            loss.backward()\n",
                "            loss.backward()\n            pi_opt.zero_grad()\n",
            ),
            (
                "            vf_opt.zero_grad()\n            loss_v.backward()\n",
                "            loss_v.backward()\n            vf_opt.zero_grad()\n",
            ),
        ],
        "torch_sim": [
            (
                "            self.optimizer.zero_grad()\n            loss.backward()\n",
                "            loss.backward()\n            self.optimizer.zero_grad()\n",
            )
        ],
        "agent_args": [
            ("                optimizer.zero_grad()\n", ""),
            (
                "                optimizer.step()\n",
                "                optimizer.zero_grad()\n                optimizer.step()\n",
            ),
        ],
        "lstm_chunks": [
            (
                "            optimizer.zero_grad()\n            loss.backward()\n",
                "            loss.backward()\n            optimizer.zero_grad()\n",
            )
        ],
        "student_ppo": [
            (
                (
                    "                self.actor_optimizer.zero_grad()\n"
                    "                self.critic_optimizer.zero_grad()\n"
                    "                actor_loss.backward()\n"
                    "                critic_loss.backward()\n"
                ),
                (
                    "                actor_loss.backward()\n"
                    "                critic_loss.backward()\n"
                    "                self.actor_optimizer.zero_grad()\n"
                    "                self.critic_optimizer.zero_grad()\n"
                ),
            )
        ],
        "memory_batches": [
            (
                (
                    "                self.actor.optimizer.zero_grad()\n"
                    "                self.critic.optimizer.zero_grad()\n"
                    "                total_loss.backward()\n"
                ),
                (
                    "                total_loss.backward()\n"
                    "                self.actor.optimizer.zero_grad()\n"
                    "                self.critic.optimizer.zero_grad()\n"
                ),
            )
        ],
        "team_shared": [
            (
                "        self.optimizer.zero_grad()\n        loss.backward()\n",
                "        loss.backward()\n        self.optimizer.zero_grad()\n",
            )
        ],
        "tricks_ppo": [
            ("                self.optimizer_actor.zero_grad()\n", ""),
            (
                "                self.optimizer_actor.step()\n",
                "                self.optimizer_actor.zero_grad()\n                self.optimizer_actor.step()\n",
            ),
            ("                self.optimizer_critic.zero_grad()\n", ""),
            (
                "                self.optimizer_critic.step()\n",
                "                self.optimizer_critic.zero_grad()\n                self.optimizer_critic.step()\n",
            ),
        ],
        "mini_library": [
            (
                "                self.policy.optimizer.zero_grad()\n                loss.backward()\n",
                "                loss.backward()\n",
            ),
            (
                "                self.policy.optimizer.step()\n",
                (
                    "                self.policy.optimizer.zero_grad(set_to_none=False)\n"
                    "                self.policy.optimizer.step()\n"
                ),
            ),
        ],
    },
)
