"""The action is stored as clipped to the bounds, not as drawn."""

from planter.fault import Fault

FAULT = Fault(
    id="clipped_action_stored",
    family="data",
    numbers=(9,),
    kind="exact",
    edits={
        "pendulum_notebook": [
            ("        actions.append(action)\n", "        actions.append(action.clamp(-1.0, 1.0))\n")
        ],
        "vector_continuous": [
            (
                "store.obs[t], store.action[t], store.logprob[t] = obs, action, pi",
                "store.obs[t], store.action[t], store.logprob[t] = obs, action.clamp(-1.0, 1.0), pi",
            )
        ],
        "own_gaussian": [("OBS[t], A[t] = obs, raw.numpy()", "OBS[t], A[t] = obs, np.clip(raw.numpy(), -1.0, 1.0)")],
        "reach_functional": [("                action=action,\n", "                action=action.clamp(-1.0, 1.0),\n")],
        "torch_sim": [
            ('self.transition["actions"] = actions\n', 'self.transition["actions"] = actions.clamp(-1.0, 1.0)\n')
        ],
        "agent_args": [("actions[step] = action\n", "actions[step] = action.clamp(-1.0, 1.0)\n")],
        "student_ppo": [
            (
                (
                    "        next_state, reward, terminated, truncated, _ = "
                    "env.step(max_tilt * np.clip(action, -1.0, 1.0))\n"
                ),
                (
                    "        action = np.clip(action, -1.0, 1.0)\n"
                    "        next_state, reward, terminated, truncated, _ = "
                    "env.step(max_tilt * action)\n"
                ),
            )
        ],
        "tricks_ppo": [
            (
                "            s_, r, dw, truncated, _ = env.step(to_env(args, a))\n",
                "            a = to_env(args, a)\n            s_, r, dw, truncated, _ = env.step(a)\n",
            )
        ],
    },
    also=("log_prob_of_another_action",),
)
