"""Rollouts: advantages, endings, normalisers, masks and draws, against numpy and numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import Script, learner_for

from ppodoctor.config import PPOConfig
from ppodoctor.core import Learner, NotFinite, Spec, spec_of

advantage = pytest.importorskip("ppodoctor.training.advantage")
normalize = pytest.importorskip("ppodoctor.training.normalize")


@st.composite
def configs(draw):
    return PPOConfig(
        num_envs=draw(st.integers(1, 5)),
        rollout_steps=draw(st.integers(2, 40)),
        minibatches=1,
        gamma=draw(st.sampled_from([0.0, 0.9, 0.99, 1.0])),
        gae_lambda=draw(st.sampled_from([0.0, 0.95, 1.0])),
        n_step=draw(st.sampled_from([0, 0, 1, 3, 50])),
        advantage_smoothing=draw(st.sampled_from([1, 1, 3, 5])),
        hidden_sizes=(8,),
        seed=draw(st.integers(0, 1000)),
    )


@settings(max_examples=80)
@given(configs(), st.sampled_from([0.0, 0.15, 0.9]))
def test_advantages_are_the_trainers(config, ending):
    learner, script = learner_for(config), Script(config, 3, config.seed, ending)
    script.play(learner)
    learner.core.advantages()
    views = learner.core.views()
    value = views["value"]
    following = np.concatenate([value[1:], learner.values(script.next[-1])[None]])
    truncated = script.truncated & ~script.terminated
    for t, i in zip(*np.nonzero(truncated), strict=True):
        following[t, i] = learner.values(script.final[t, i][None])[0]
    ended = script.terminated | script.truncated
    discount, carry = advantage.endings(
        script.terminated, ended, config.gamma, 1.0 if config.n_step else config.gae_lambda
    )
    given_ = script.reward, value, following
    if config.n_step:
        wanted = advantage.n_step(*given_, (discount, carry), config.n_step)
    else:
        wanted = advantage.gae(*given_, discount, carry)
    np.testing.assert_allclose(views["target"], wanted + value, rtol=2e-5, atol=1e-4)
    if config.advantage_smoothing > 1:
        wanted = advantage.smooth(wanted, ended | ~script.valid, config.advantage_smoothing)
    np.testing.assert_allclose(views["advantage"], wanted, rtol=2e-5, atol=1e-4)


def test_ends_by_hand():
    """One environment, gamma 1/2, lambda 1; the critic says 10 everywhere. Worked with pencil and paper."""
    config = PPOConfig(num_envs=1, rollout_steps=4, minibatches=1, gamma=0.5, gae_lambda=1.0, hidden_sizes=(2,))
    learner = Learner(config, Spec(1, (2,)))
    learner.fill({k: np.full_like(v, 10.0 if k == "critic.1.bias" else 0.0) for k, v in learner.tensors().items()})
    script = Script(config, 1, 0)
    script.reward[:, 0] = 1, 2, 3, 4
    script.terminated[:, 0] = False, True, False, False
    script.truncated[:, 0] = False, False, True, False
    script.play(learner)
    learner.core.advantages()
    # 1 + 2/2 - 10; 2 - 10 (dead); 3 + 10/2 - 10 (cut, bootstrapped); 4 + 10/2 - 10 (the rollout's end)
    assert learner.core.views()["advantage"][:, 0].tolist() == [-8, -8, -2, -1]
    assert learner.core.views()["target"][:, 0].tolist() == [2, 2, 8, 9]


def test_a_cut_episode_needs_its_final_observation():
    config = PPOConfig(num_envs=2, rollout_steps=4, minibatches=1)
    learner, script = learner_for(config), Script(config, 3, 1)
    learner.start(script.first)
    learner.act()
    cut = np.array([False, True])
    with pytest.raises(ValueError, match="final observation"):
        learner.observe(script.next[0], script.reward[0], (np.zeros(2, bool), cut))


def test_rows_of_resets_are_never_trained_on():
    """Garbage in the rewards of invalid rows changes no weight, since these rows are left out."""
    config = PPOConfig(num_envs=4, rollout_steps=16, minibatches=2, gamma=0.9, gae_lambda=0.0)
    after = []
    for garbage in (0.0, 1e6):
        learner, script = learner_for(config), Script(config, 3, 2, 0.4)
        script.reward[~script.valid] = garbage
        assert not script.valid.all()
        script.play(learner)
        learner.update()
        after.append(learner.tensors())
    assert all(np.array_equal(after[0][name], after[1][name]) for name in after[0])


def test_normalisers_are_the_trainers():
    config = PPOConfig(num_envs=4, rollout_steps=30, minibatches=1, normalise_observations=True, normalise_rewards=True)
    learner, script = learner_for(config), Script(config, 3, 3)
    scale, rewards = normalize.ObservationScale(3), normalize.RewardScale(4, config.gamma)
    scale.learn(script.first)
    seen, got = [], []
    for t in range(30):
        seen.append(scale(script.first if t == 0 else script.next[t - 1]))
        got.append(rewards(script.reward[t], script.terminated[t] | script.truncated[t]))
        scale.learn(script.next[t])
    script.play(learner)
    views = learner.core.views()
    np.testing.assert_allclose(views["observation"], seen, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(views["reward"], got, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(learner.tensors()["observation.mean"], scale.moments.mean, rtol=1e-5)
    assert learner.tensors()["reward.var"] == pytest.approx(rewards.moments.var[0], rel=1e-5)


def test_what_was_forbidden_is_never_done(instruction_set):
    config = PPOConfig(num_envs=64, rollout_steps=20, minibatches=4)
    spec = Spec(3, (3, 5))
    learner, rng = learner_for(config, spec=spec), np.random.default_rng(1)
    learner.start(rng.standard_normal((64, 3)).astype(np.float32))
    nothing = np.zeros(64, bool)
    for _ in range(20):
        mask = rng.random((64, 8)) < 0.4
        mask[:, 1] = mask[:, 4] = True
        action = learner.act(mask)
        rows = np.arange(64)
        assert mask[rows, action[:, 0]].all()
        assert mask[rows, 3 + action[:, 1]].all()
        learner.observe(rng.standard_normal((64, 3)).astype(np.float32), np.ones(64, np.float32), (nothing, nothing))
    learner.update()
    assert learner.records()[0].ratio_first == pytest.approx(0, abs=1e-6)
    assert all(np.isfinite(value).all() for value in learner.tensors().values())


@pytest.mark.parametrize("spec", [Spec(3, (4,)), Spec(3, (2, 3)), Spec(3, (), 2)], ids=["one", "several", "box"])
def test_draws_follow_the_policy(spec):
    """The mean of -log p over draws from p is p's entropy."""
    config = PPOConfig(num_envs=500, rollout_steps=40, minibatches=1, epochs=1, learning_rate=1e-9, log_std_init=-0.5)
    learner = learner_for(config, spec=spec)
    same = np.repeat(np.array([[0.3, -0.6, 1.0]], np.float32), 500, axis=0)
    learner.start(same)
    nothing, zero = np.zeros(500, bool), np.zeros(500, np.float32)
    for _ in range(40):
        learner.act()
        learner.observe(same, zero, (nothing, nothing))
    mean = -float(learner.core.views()["log_prob"].mean())
    learner.update()
    assert mean == pytest.approx(learner.records()[0].entropy, abs=0.03)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_named(bad):
    config = PPOConfig(num_envs=3, rollout_steps=4, minibatches=1)
    learner, script = learner_for(config), Script(config, 3, 5)
    script.next[1, 2, 1] = bad
    with pytest.raises(NotFinite, match=r"observation of environment 2 .* index 1"):
        script.play(learner)
    learner, script = learner_for(config), Script(config, 3, 5)
    script.reward[2, 1] = bad
    with pytest.raises(NotFinite, match="reward of environment 1"):
        script.play(learner)
    learner, script = learner_for(config), Script(config, 3, 5)
    weights = learner.tensors()
    weights["critic.1.weight"][0, 0] = bad
    learner.fill(weights)
    script.play(learner)
    with pytest.raises(NotFinite, match=r"(critic's values are|gradient of .* is) not finite after 0 optimizer steps"):
        learner.update()


def test_arrays_of_another_shape_or_kind_are_refused():
    config = PPOConfig(num_envs=3, rollout_steps=4, minibatches=1)
    learner = learner_for(config)
    with pytest.raises(ValueError, match="observation has 6 numbers; 9 were expected"):
        learner.start(np.zeros((3, 2), np.float32))
    learner.start(np.zeros((3, 3), np.float32))
    with pytest.raises(TypeError):
        learner.observe(np.zeros((3, 3)), np.zeros(3), (np.zeros(3), np.zeros(3)))
    with pytest.raises(ValueError, match="missing"):
        learner.fill({})


def test_a_gymnasium_environment_is_learned():
    """CartPole by gymnasium's own vector class, arrays in and actions out."""
    import gymnasium
    from gymnasium.vector import AutoresetMode, SyncVectorEnv

    config = PPOConfig(num_envs=8, total_steps=20_000, rollout_steps=64, learning_rate=1e-3, seed=2)
    makers = [lambda: gymnasium.make("CartPole-v1") for _ in range(8)]
    envs = SyncVectorEnv(makers, autoreset_mode=AutoresetMode.SAME_STEP)
    learner = Learner(config, spec_of(envs.single_observation_space, envs.single_action_space))
    observation, _ = envs.reset(seed=1)
    learner.start(observation)
    for _ in range(config.updates):
        while not learner.core.full:
            observation, reward, dead, cut, info = envs.step(learner.act())
            final = observation.copy()
            for i in np.flatnonzero(dead | cut):
                final[i] = info["final_obs"][i]
            learner.observe(observation, reward.astype(np.float32), (dead, cut), final)
        learner.update()
    returns = [one.ret for one in learner.episodes()]
    assert np.mean(returns[-10:]) > 3 * np.mean(returns[:10])
    assert len(learner.records()) == config.updates


def test_the_raw_steps_can_be_kept():
    config = PPOConfig(num_envs=4, rollout_steps=16, minibatches=1, normalise_observations=True, normalise_rewards=True)
    learner, script = learner_for(config), Script(config, 3, 6)
    learner.core.keep = True
    script.play(learner)
    learner.core.advantages()
    views = learner.core.views()
    assert np.array_equal(views["raw_observation"], np.concatenate([script.first[None], script.next[:-1]]))
    assert np.array_equal(views["raw_reward"], script.reward)
    ended = script.terminated | script.truncated
    assert not np.allclose(views["final_observation"][ended], script.final[ended], atol=0.1)
    cut = script.truncated & ~script.terminated
    wanted = learner.core.views()["next_value"][cut]
    named = learner.tensors()
    hidden = np.tanh(views["final_observation"][cut] @ named["critic.0.weight"].T + named["critic.0.bias"])
    hidden = np.tanh(hidden @ named["critic.1.weight"].T + named["critic.1.bias"])
    value = hidden @ named["critic.2.weight"].T + named["critic.2.bias"]
    np.testing.assert_allclose(wanted, value[:, 0], rtol=1e-4, atol=1e-4)
    shifted = views["outputs"] - views["outputs"].max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    taken = np.take_along_axis(logs, views["action"], axis=-1)[..., 0]
    np.testing.assert_allclose(views["log_prob"], taken, rtol=1e-5, atol=1e-5)


def test_a_policy_file_is_read_by_the_trainer(tmp_path):
    """Weights written by the core act alike in the trainer's policy, and the other way round."""
    policy_file = pytest.importorskip("ppodoctor.training.policy_file")
    policy = pytest.importorskip("ppodoctor.training.policy")
    from ppodoctor.core import TASKS

    config = PPOConfig(num_envs=8, rollout_steps=64, normalise_observations=True)
    learner = Learner(config, TASKS["Acrobot-v1"].spec)
    learner.train_native("Acrobot-v1", 3)
    observation, action = TASKS["Acrobot-v1"].spaces()
    facts = {"config": config.to_dict(), "network": "dense", "observation_space": observation, "action_space": action}
    policy_file.save(tmp_path / "policy.safetensors", learner.tensors(), facts)
    read = policy.Policy.load(tmp_path)
    x = np.random.default_rng(0).standard_normal((500, 6)).astype(np.float32)
    assert np.mean(read.actions(x, deterministic=True) == learner.predict(x)) > 0.99
    other = Learner(PPOConfig(num_envs=8, rollout_steps=64, seed=9), TASKS["Acrobot-v1"].spec)
    other.fill({k: v for k, v in read.tensors.items() if not k.startswith("observation")})
    assert all(np.array_equal(value, learner.tensors()[name]) for name, value in other.tensors().items())
