import numpy as np


class DummyVecEnv:
    """Steps a list of environments one after the other; an episode that ends is reset in the same step."""

    def __init__(self, env_fns):
        self.envs = [fn() for fn in env_fns]
        self.num_envs = len(self.envs)
        self.observation_space, self.action_space = self.envs[0].observation_space, self.envs[0].action_space
        self._seeds = [None] * self.num_envs
        self.buf_obs = np.zeros((self.num_envs, *self.observation_space.shape), dtype=np.float32)
        self.buf_dones = np.zeros(self.num_envs, dtype=bool)
        self.buf_rews = np.zeros(self.num_envs, dtype=np.float32)
        self.buf_infos = [{} for _ in range(self.num_envs)]

    def seed(self, seed):
        self._seeds = [seed + idx for idx in range(self.num_envs)]

    def reset(self):
        for idx, env in enumerate(self.envs):
            self.buf_obs[idx], self.buf_infos[idx] = env.reset(seed=self._seeds[idx])
        self._seeds = [None] * self.num_envs
        return self.buf_obs.copy()

    def step(self, actions):
        for idx, env in enumerate(self.envs):
            obs, self.buf_rews[idx], terminated, truncated, info = env.step(actions[idx])
            self.buf_dones[idx] = terminated or truncated
            info["TimeLimit.truncated"] = truncated and not terminated
            if self.buf_dones[idx]:
                info["terminal_observation"] = obs
                obs, _ = env.reset()
            self.buf_obs[idx], self.buf_infos[idx] = obs, info
        return self.buf_obs.copy(), self.buf_rews.copy(), self.buf_dones.copy(), list(self.buf_infos)
