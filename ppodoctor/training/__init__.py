"""PPO itself: the only room with a training loop.

A run in the order of its steps: `setup` makes a `loop.Trainer`; `rollout` collects, `advantage` credits, a `learner`
learns (`dense_learner` by hand, `torch_learner` by autograd), `run_writer` records, `policy` is what stays.
`train.train` is all of it in one call.
"""
