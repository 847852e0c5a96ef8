"""The likeliest action is taken during training."""

from planter.fault import Fault

FAULT = Fault(
    id="deterministic_action_while_training",
    family="exploration",
    numbers=(82,),
    kind="exact",
    edits={
        "cartpole_vector": [("action = dist.sample()", "action = dist.probs.argmax(-1)")],
        "class_agent": [("action = dist.sample()", "action = dist.probs.argmax()")],
        "own_softmax": [("return int(rng.choice(len(p), p=p / p.sum()))", "return int(p.argmax())")],
        "pendulum_notebook": [("action = dist.sample()", "action = dist.mean")],
        "vector_continuous": [("action = pi.sample()", "action = pi.mean")],
        "own_gaussian": [("raw = torch.normal(mean, std)", "raw = mean")],
        "recurrent_gru": [("action = dist.sample()", "action = logits.argmax(-1)")],
        "docking": [("action = dist.sample()", "action = dist.probs.argmax(dim=-1)")],
        "reach_functional": [("action = dist.sample()", "action = dist.mean")],
        "beta_buffer": [("dist.sample().clamp", "dist.mean.clamp")],
        "spin_epochs": [("a = dist.sample()", "a = dist.probs.argmax()")],
        "pixel_catch": [("action = dist.sample()", "action = dist.probs.argmax(-1)")],
        "masked_dict": [("action = dist.sample()", "action = dist.probs.argmax(-1)")],
        "torch_sim": [("return self.distribution.sample()", "return self.distribution.mean")],
        "agent_args": [("action = probs.sample()", "action = action_mean")],
        "lstm_chunks": [("action = dist.sample()", "action = dist.logits.argmax(-1)")],
        "student_ppo": [("action = dist.sample()", "action = dist.mean")],
        "memory_batches": [("action = dist.sample()", "action = T.argmax(dist.probs, dim=-1)")],
        "team_shared": [("action = dist.sample()", "action = dist.probs.argmax(-1)")],
        "tricks_ppo": [("a = dist.sample()", "a = dist.mean")],
        "mini_library": [("actions = distribution.sample()", "actions = distribution.probs.argmax(dim=-1)")],
    },
)
