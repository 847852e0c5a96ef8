"""PPO for continuous actions with the usual tricks, each behind a flag; the task is an unstable chemical reactor."""
