"""The gradients are clipped when the optimizer has used them."""

from planter.fault import Fault

FAULT = Fault(
    id="gradient_clip_after_step",
    family="update",
    numbers=(18,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                (
                    "            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)\n"
                    "            optimizer.step()"
                ),
                (
                    "            optimizer.step()\n"
                    "            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)"
                ),
            )
        ],
        "docking": [
            (
                (
                    "                nn.utils.clip_grad_norm_(self.policy.parameters(), cfg.grad_clip)\n"
                    "                self.optimizer.step()"
                ),
                (
                    "                self.optimizer.step()\n"
                    "                nn.utils.clip_grad_norm_(self.policy.parameters(), cfg.grad_clip)"
                ),
            )
        ],
        "recurrent_gru": [
            (
                (
                    "            nn.utils.clip_grad_norm_(net.parameters(), args.max_grad_norm)\n"
                    "            optim.step()"
                ),
                (
                    "            optim.step()\n"
                    "            nn.utils.clip_grad_norm_(net.parameters(), args.max_grad_norm)"
                ),
            )
        ],
        "beta_buffer": [
            (
                (
                    "                nn.utils.clip_grad_norm_(self.policy.parameters(), cfg.max_grad_norm)\n"
                    "                self.optimizer.step()\n"
                ),
                (
                    "                self.optimizer.step()\n"
                    "                nn.utils.clip_grad_norm_(self.policy.parameters(), cfg.max_grad_norm)\n"
                ),
            )
        ],
        "spin_epochs": [
            (
                "            nn.utils.clip_grad_norm_(ac.pi.parameters(), max_grad_norm)\n            pi_opt.step()\n",
                "            pi_opt.step()\n            nn.utils.clip_grad_norm_(ac.pi.parameters(), max_grad_norm)\n",
            ),
            (
                "            nn.utils.clip_grad_norm_(ac.vf.parameters(), max_grad_norm)\n            vf_opt.step()\n",
                "            vf_opt.step()\n            nn.utils.clip_grad_norm_(ac.vf.parameters(), max_grad_norm)\n",
            ),
        ],
        "pixel_catch": [
            (
                (
                    "            nn.utils.clip_grad_norm_(agent.parameters(), cfg.max_grad_norm)\n"
                    "            optimizer.step()"
                ),
                (
                    "            optimizer.step()\n"
                    "            nn.utils.clip_grad_norm_(agent.parameters(), cfg.max_grad_norm)"
                ),
            )
        ],
        "masked_dict": [
            (
                (
                    "            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], "
                    'HP["max_grad_norm"])\n'
                    "            optimizer.step()"
                ),
                (
                    "            optimizer.step()\n"
                    "            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], "
                    'HP["max_grad_norm"])'
                ),
            )
        ],
        "torch_sim": [
            (
                (
                    "            nn.utils.clip_grad_norm_(self.actor_critic.parameters(), "
                    'cfg["max_grad_norm"])\n'
                    "            self.optimizer.step()\n"
                ),
                (
                    "            self.optimizer.step()\n"
                    "            nn.utils.clip_grad_norm_(self.actor_critic.parameters(), "
                    'cfg["max_grad_norm"])\n'
                ),
            )
        ],
        "agent_args": [
            (
                (
                    "                nn.utils.clip_grad_norm_(agent.parameters(), "
                    "args.max_grad_norm)\n"
                    "                optimizer.step()\n"
                ),
                (
                    "                optimizer.step()\n"
                    "                nn.utils.clip_grad_norm_(agent.parameters(), "
                    "args.max_grad_norm)\n"
                ),
            )
        ],
        "lstm_chunks": [
            (
                (
                    "            nn.utils.clip_grad_norm_(net.parameters(), "
                    "args.max_grad_norm)\n"
                    "            optimizer.step()\n"
                ),
                (
                    "            optimizer.step()\n"
                    "            nn.utils.clip_grad_norm_(net.parameters(), "
                    "args.max_grad_norm)\n"
                ),
            )
        ],
        "student_ppo": [
            (
                (
                    "                nn.utils.clip_grad_norm_(self.actor.parameters(), "
                    "self.max_grad_norm)\n"
                    "                nn.utils.clip_grad_norm_(self.critic.parameters(), "
                    "self.max_grad_norm)\n"
                    "                self.actor_optimizer.step()\n"
                    "                self.critic_optimizer.step()\n"
                ),
                (
                    "                self.actor_optimizer.step()\n"
                    "                self.critic_optimizer.step()\n"
                    "                nn.utils.clip_grad_norm_(self.actor.parameters(), "
                    "self.max_grad_norm)\n"
                    "                nn.utils.clip_grad_norm_(self.critic.parameters(), "
                    "self.max_grad_norm)\n"
                ),
            )
        ],
        "memory_batches": [
            (
                (
                    "                nn.utils.clip_grad_norm_(self.actor.parameters(), "
                    "self.max_grad_norm)\n"
                    "                nn.utils.clip_grad_norm_(self.critic.parameters(), "
                    "self.max_grad_norm)\n"
                    "                self.actor.optimizer.step()\n"
                    "                self.critic.optimizer.step()\n"
                ),
                (
                    "                self.actor.optimizer.step()\n"
                    "                self.critic.optimizer.step()\n"
                    "                nn.utils.clip_grad_norm_(self.actor.parameters(), "
                    "self.max_grad_norm)\n"
                    "                nn.utils.clip_grad_norm_(self.critic.parameters(), "
                    "self.max_grad_norm)\n"
                ),
            )
        ],
        "team_shared": [
            (
                (
                    "        nn.utils.clip_grad_norm_([*self.actor.parameters(), "
                    "*self.critic.parameters()], self.args.max_grad_norm)\n"
                    "        self.optimizer.step()\n"
                ),
                (
                    "        self.optimizer.step()\n"
                    "        nn.utils.clip_grad_norm_([*self.actor.parameters(), "
                    "*self.critic.parameters()], self.args.max_grad_norm)\n"
                ),
            )
        ],
        "tricks_ppo": [
            (
                (
                    "                if self.args.use_grad_clip:\n"
                    "                    nn.utils.clip_grad_norm_(self.actor.parameters(), "
                    "self.args.max_grad_norm)\n"
                    "                self.optimizer_actor.step()\n"
                ),
                (
                    "                self.optimizer_actor.step()\n"
                    "                if self.args.use_grad_clip:\n"
                    "                    nn.utils.clip_grad_norm_(self.actor.parameters(), "
                    "self.args.max_grad_norm)\n"
                ),
            ),
            (
                (
                    "                if self.args.use_grad_clip:\n"
                    "                    nn.utils.clip_grad_norm_(self.critic.parameters(),"
                    " self.args.max_grad_norm)\n"
                    "                self.optimizer_critic.step()\n"
                ),
                (
                    "                self.optimizer_critic.step()\n"
                    "                if self.args.use_grad_clip:\n"
                    "                    nn.utils.clip_grad_norm_(self.critic.parameters(),"
                    " self.args.max_grad_norm)\n"
                ),
            ),
        ],
        "mini_library": [
            (
                (
                    "                nn.utils.clip_grad_norm_(self.policy.parameters(), "
                    "self.max_grad_norm)\n"
                    "                self.policy.optimizer.step()\n"
                ),
                (
                    "                self.policy.optimizer.step()\n"
                    "                nn.utils.clip_grad_norm_(self.policy.parameters(), "
                    "self.max_grad_norm)\n"
                ),
            )
        ],
    },
    heldout=True,
)
