"""Settings drawn at random, for tests that hold two learners against each other."""

from __future__ import annotations

from hypothesis import strategies as st

from ppodoctor.config import PPOConfig


@st.composite
def configs(draw, most_epochs=3, minibatches=(1, 2, 3, 4)):
    """Everything of the update that dense learners take."""
    return PPOConfig(
        num_envs=4,
        rollout_steps=12,
        epochs=draw(st.integers(1, most_epochs)),
        minibatches=draw(st.sampled_from(minibatches)),
        learning_rate=draw(st.sampled_from([1e-4, 3e-3])),
        learning_rate_schedule=draw(st.sampled_from(["constant", "linear"])),
        adam_epsilon=draw(st.sampled_from([1e-5, 1e-8])),
        clip_range=draw(st.sampled_from([0.1, 0.2, 0.5])),
        clip_range_value=draw(st.sampled_from([0.0, 0.2, 1.0])),
        entropy_coefficient=draw(st.sampled_from([0.0, 0.01, 0.5])),
        value_coefficient=draw(st.sampled_from([0.0, 0.5, 1.0])),
        max_grad_norm=draw(st.sampled_from([0.0, 0.5, 100.0])),
        normalise_advantages=draw(st.sampled_from(["minibatch", "batch", "off"])),
        target_kl=draw(st.sampled_from([0.0, 0.02])),
        hidden_sizes=tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))),
        activation=draw(st.sampled_from(["tanh", "relu"])),
        orthogonal_init=draw(st.booleans()),
        log_std_init=draw(st.sampled_from([0.0, -0.7])),
        seed=draw(st.integers(0, 2**16)),
    )
