"""PPO itself: the only room with a training loop."""
