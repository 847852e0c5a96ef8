"""The script stores the negated reward."""

from planter.fault import Fault

FAULT = Fault(
    id="reward_sign_flipped",
    family="reward",
    numbers=(59,),
    kind="exact",
    edits={
        "cartpole_vector": [("rewards[step] = torch.as_tensor(reward,", "rewards[step] = -torch.as_tensor(reward,")],
        "class_agent": [
            (
                "log_prob, reward, end, tail_value)\n        state =",
                "log_prob, -reward, end, tail_value)\n        state =",
            )
        ],
        "docking": [("rewards.append(reward)\n            ended", "rewards.append(-reward)\n            ended")],
        "own_gaussian": [("R[t, i] = 0.1 * (reward + 4.0)", "R[t, i] = -0.1 * (reward + 4.0)")],
        "beta_buffer": [("= float(reward), term, trunc", "= -float(reward), term, trunc")],
        "spin_epochs": [("a, REWARD_SCALE * r, v", "a, -REWARD_SCALE * r, v")],
        "pixel_catch": [("reward = torch.as_tensor(reward, dtype", "reward = -torch.as_tensor(reward, dtype")],
        "masked_dict": [("rewards.append(reward)", "rewards.append(-reward)")],
        "torch_sim": [('self.transition["rewards"] = rewards + ', 'self.transition["rewards"] = -rewards + ')],
        "agent_args": [("rewards[step] = torch.tensor(reward,", "rewards[step] = -torch.tensor(reward,")],
        "lstm_chunks": [
            (
                'buf["reward"][t, i], buf["terminated"][t, i] = reward, terminated',
                'buf["reward"][t, i], buf["terminated"][t, i] = -reward, terminated',
            )
        ],
        "student_ppo": [
            ("agent.store(state, action, log_prob, reward,", "agent.store(state, action, log_prob, -reward,")
        ],
        "memory_batches": [
            (
                "agent.remember(observation, action, prob, val, reward, terminated, truncated, cut_val)",
                "agent.remember(observation, action, prob, val, -reward, terminated, truncated, cut_val)",
            )
        ],
        "team_shared": [
            ("= [rewards[agent] for agent in self.agents]", "= [-rewards[agent] for agent in self.agents]")
        ],
        "tricks_ppo": [("replay_buffer.store(s, a, a_logprob, r, s_", "replay_buffer.store(s, a, a_logprob, -r, s_")],
        "mini_library": [("self.rewards[self.pos] = reward", "self.rewards[self.pos] = -reward")],
    },
    heldout=True,
)
