"""The value loss is a sum over the minibatch, the policy loss a mean."""

from planter.fault import Fault

FAULT = Fault(
    id="loss_terms_reduced_differently",
    family="update",
    numbers=(15,),
    kind="exact",
    edits={
        "cartpole_vector": [("** 2).mean()", "** 2).sum()")],
        "class_agent": [(".squeeze(-1), returns[idx])", '.squeeze(-1), returns[idx], reduction="sum")')],
        "pendulum_notebook": [("(return_ - value).pow(2).mean()", "(return_ - value).pow(2).sum()")],
        "drone_multidiscrete": [("F.mse_loss(value, ret[ids])", 'F.mse_loss(value, ret[ids], reduction="sum")')],
        "docking": [("mse_loss(values, targets)", 'mse_loss(values, targets, reduction="sum")')],
        "recurrent_gru": [(".square().mean()", ".square().sum()")],
        "beta_buffer": [
            (
                "F.mse_loss(self.policy.value(obs), returns)",
                'F.mse_loss(self.policy.value(obs), returns, reduction="sum")',
            )
        ],
        "pixel_catch": [
            ("v_loss = 0.5 * (value - targets[mb]).pow(2).mean()", "v_loss = 0.5 * (value - targets[mb]).pow(2).sum()")
        ],
        "masked_dict": [
            (
                "smooth_l1_loss(critic(x).squeeze(-1), target)",
                'smooth_l1_loss(critic(x).squeeze(-1), target, reduction="sum")',
            )
        ],
        "torch_sim": [
            (
                "torch.max(value_losses, value_losses_clipped).mean()",
                "torch.max(value_losses, value_losses_clipped).sum()",
            )
        ],
        "agent_args": [
            ("torch.max(v_loss_unclipped, v_loss_clipped).mean()", "torch.max(v_loss_unclipped, v_loss_clipped).sum()")
        ],
        "lstm_chunks": [('(values - mb["ret"]).pow(2).mean()', '(values - mb["ret"]).pow(2).sum()')],
        "memory_batches": [("critic_loss = critic_loss.mean()", "critic_loss = critic_loss.sum()")],
        "team_shared": [
            (
                "F.huber_loss(values, returns, delta=self.args.huber_delta)",
                'F.huber_loss(values, returns, reduction="sum", delta=self.args.huber_delta)',
            )
        ],
        "mini_library": [
            (
                "F.mse_loss(rollout_data.returns, values_pred)",
                'F.mse_loss(rollout_data.returns, values_pred, reduction="sum")',
            )
        ],
    },
)
