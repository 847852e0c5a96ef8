"""The environment calls its time limit a termination."""

from planter.fault import Fault
from planter.patterns import shorten_episodes
from planter.source import Source
from planter.wrappers import Spoiled, spoil

ENDING = ("terminated, truncated = terminated or truncated, False",)


def plant(source: Source) -> None:
    """A limit that is soon met, flagged wrongly."""
    shorten_episodes(source, 30)
    spoil(source, Spoiled(ending=ENDING))


FAULT = Fault(
    id="time_limit_flagged_as_termination",
    family="env",
    numbers=(49,),
    kind="exact",
    plant=plant,
    needs=frozenset({"time_limit"}),
    unless=frozenset({"docking", "drone_multidiscrete"}),
    also=("time_limit_read_as_death",),
    edits={
        "spin_epochs": [
            ("    env = gym.make(env_name)\n", "    env = OneFlag(gym.make(env_name))\n"),
            (
                "def train(\n",
                (
                    "class OneFlag(gym.Wrapper):\n"
                    "    def step(self, action):\n"
                    "        obs, reward, terminated, truncated, info = self.env.step(action)\n"
                    "        return obs, reward, terminated or truncated, False, info\n"
                    "\n"
                    "\n"
                    "def train(\n"
                ),
            ),
        ],
        "masked_dict": [
            (
                "reward, delivered or fallen, self.clock >= self.horizon, {}",
                "reward, delivered or fallen or self.clock >= self.horizon, False, {}",
            )
        ],
        "torch_sim": [
            (
                '        extras = {"time_outs": time_outs, "final_obs": self.compute_observations()}\n',
                '        extras = {"time_outs": torch.zeros_like(dones), "final_obs": self.compute_observations()}\n',
            )
        ],
        "agent_args": [
            ("entry_point=BallOnPlate, max_episode_steps=60)", "entry_point=BallOnPlate)"),
            ("        self.tilt = self.np_random", "        self.steps = 0\n        self.tilt = self.np_random"),
            (
                "return self.observe(), float(reward), off, False, {}",
                "self.steps += 1\n        return self.observe(), float(reward), off or self.steps >= 60, False, {}",
            ),
        ],
        "lstm_chunks": [
            (
                (
                    "        truncated = self.hour >= self.closing_hour\n"
                    "        return self.observe(light=False), reward, terminated, "
                    "truncated, {}\n"
                ),
                (
                    "        terminated = terminated or self.hour >= self.closing_hour\n"
                    "        return self.observe(light=False), reward, terminated, False, "
                    "{}\n"
                ),
            )
        ],
        "memory_batches": [
            ("entry_point=GreenhouseEnv, max_episode_steps=60)", "entry_point=GreenhouseEnv)"),
            (
                "        self.clock = int(self.np_random.integers(48))\n",
                "        self.clock = int(self.np_random.integers(48))\n        self.last = self.clock + 60\n",
            ),
            (
                "return self.observe(), float(reward), dead, False, {}",
                "return self.observe(), float(reward), dead or self.clock >= self.last, False, {}",
            ),
        ],
        "team_shared": [
            (
                "        terminations = {agent: crashed for agent in self.agents}\n",
                "        terminations = {agent: crashed or self.cycle >= self.max_cycles for agent in self.agents}\n",
            ),
            (
                (
                    "        truncations = {agent: not crashed and self.cycle >= "
                    "self.max_cycles for agent in self.agents}\n"
                ),
                "        truncations = {agent: False for agent in self.agents}\n",
            ),
        ],
        "tricks_ppo": [
            ("entry_point=StirredReactor, max_episode_steps=60)", "entry_point=StirredReactor)"),
            (
                "        self.coolant, self.inflow = 0.0, 0.0\n",
                "        self.coolant, self.inflow, self.t = 0.0, 0.0, 0\n",
            ),
            (
                "        return self.observe(), float(reward), lost, False, {}",
                "        self.t += 1\n        return self.observe(), float(reward), lost or self.t == 60, False, {}",
            ),
        ],
        "mini_library": [
            ("entry_point=Balloon, max_episode_steps=60)", "entry_point=Balloon)"),
            (
                "        self.height, self.target = self.np_random",
                "        self.elapsed = 0\n        self.height, self.target = self.np_random",
            ),
            (
                "ended = not 0.0 < self.height < self.ceiling\n",
                "ended = not 0.0 < self.height < self.ceiling\n        self.elapsed += 1\n",
            ),
            (
                "return self._observation(), float(reward), ended, False, {}",
                "return self._observation(), float(reward), ended or self.elapsed >= 60, False, {}",
            ),
        ],
    },
)
