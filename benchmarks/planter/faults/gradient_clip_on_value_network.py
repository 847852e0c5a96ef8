"""The gradient clip is given the critic alone; the actor trains unclipped."""

from planter.fault import Fault

FAULT = Fault(
    id="gradient_clip_on_wrong_parameters",
    family="update",
    numbers=(18,),
    kind="exact",
    edits={
        "cartpole_vector": [("clip_grad_norm_(agent.parameters()", "clip_grad_norm_(agent.critic.parameters()")],
        "pendulum_notebook": [("clip_grad_norm_(model.parameters()", "clip_grad_norm_(model.critic.parameters()")],
        "own_gaussian": [
            ("clip_grad_norm_([*actor.parameters(), *critic.parameters()]", "clip_grad_norm_(critic.parameters()")
        ],
        "reach_functional": [("clip_grad_norm_(policy.parameters()", 'clip_grad_norm_(policy["critic"].parameters()')],
        "beta_buffer": [
            ("clip_grad_norm_(self.policy.parameters()", "clip_grad_norm_(self.policy.critic.parameters()")
        ],
        "pixel_catch": [("clip_grad_norm_(agent.parameters()", "clip_grad_norm_(agent.value.parameters()")],
        "masked_dict": [
            ("clip_grad_norm_([*actor.parameters(), *critic.parameters()]", "clip_grad_norm_(critic.parameters()")
        ],
        "torch_sim": [
            ("clip_grad_norm_(self.actor_critic.parameters()", "clip_grad_norm_(self.actor_critic.critic.parameters()")
        ],
        "agent_args": [("clip_grad_norm_(agent.parameters()", "clip_grad_norm_(agent.critic.parameters()")],
        "lstm_chunks": [("clip_grad_norm_(net.parameters()", "clip_grad_norm_(net.value_head.parameters()")],
        "student_ppo": [
            (
                "nn.utils.clip_grad_norm_(self.actor.parameters(), self.max_grad_norm)",
                "nn.utils.clip_grad_norm_(self.critic.parameters(), self.max_grad_norm)",
            )
        ],
        "memory_batches": [("clip_grad_norm_(self.actor.parameters()", "clip_grad_norm_(self.critic.parameters()")],
        "team_shared": [
            (
                "clip_grad_norm_([*self.actor.parameters(), *self.critic.parameters()], ",
                "clip_grad_norm_(self.critic.parameters(), ",
            )
        ],
        "tricks_ppo": [("clip_grad_norm_(self.actor.parameters()", "clip_grad_norm_(self.critic.parameters()")],
        "mini_library": [
            ("clip_grad_norm_(self.policy.parameters()", "clip_grad_norm_(self.policy.value_net.parameters()")
        ],
    },
)
