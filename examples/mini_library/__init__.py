"""Our little RL library: policy, vector environment, rollout buffer and PPO; it flies a balloon."""
