"""The rewards of the parallel environments are stored one place off; not on CartPole, where every reward is 1."""

from planter.fault import Fault

FAULT = Fault(
    id="rewards_of_other_environment",
    family="data",
    numbers=(52,),
    kind="exact",
    edits={
        "vector_continuous": [
            ("store.reward[t] = torch.as_tensor(reward)", "store.reward[t] = torch.as_tensor(np.roll(reward, 1))")
        ],
        "reach_functional": [("tensor(reward), tensor(died)", "tensor(reward).roll(1), tensor(died)")],
        "docking": [
            ("torch.tensor(rewards), torch.tensor(ended)", "torch.tensor(rewards).roll(1), torch.tensor(ended)")
        ],
        "beta_buffer": [("put(t, rewards=rewards,", "put(t, rewards=rewards.roll(1),")],
        "pixel_catch": [
            ("reward = torch.as_tensor(reward, dtype", "reward = torch.as_tensor(np.roll(reward, 1), dtype")
        ],
        "masked_dict": [
            ("torch.tensor(rewards, dtype=torch.float32)", "torch.tensor(rewards, dtype=torch.float32).roll(1)")
        ],
        "torch_sim": [('self.transition["rewards"] = rewards + ', 'self.transition["rewards"] = rewards.roll(-1) + ')],
        "agent_args": [("rewards[step] = torch.tensor(reward,", "rewards[step] = torch.tensor(np.roll(reward, 1),")],
        "lstm_chunks": [
            (
                'buf["reward"][t, i], buf["terminated"][t, i] = reward, terminated',
                'buf["reward"][t, i - 1], buf["terminated"][t, i] = reward, terminated',
            )
        ],
        "team_shared": [("buffer.rewards[step, e] = [", "buffer.rewards[step, e - 1] = [")],
        "mini_library": [("obs, self.buf_rews[idx], terminated,", "obs, self.buf_rews[idx - 1], terminated,")],
    },
    heldout=True,
)
