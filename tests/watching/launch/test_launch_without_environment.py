"""A script whose environment is functions of its own: the loss is read all the same, and the gap is said."""

from __future__ import annotations

import sys

from ppodoctor.measures.reading import readings
from ppodoctor.run import Run

SCRIPT = """
import torch
from torch import nn

torch.manual_seed(0)
actor = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
adam = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=1e-3)
state = torch.zeros(2)
for update in range(5):
    rows = []
    for t in range(32):
        with torch.no_grad():
            dist = torch.distributions.Categorical(logits=actor(state))
            action = dist.sample()
            rows.append((state, action, dist.log_prob(action), critic(state)))
        state = 0.9 * state + 0.1 * (action - 0.5) * torch.ones(2)
    states, actions, old, values = (torch.stack(column) for column in zip(*rows))
    returns = -states.abs().sum(1).flip(0).cumsum(0).flip(0)
    advantage = returns - values.squeeze(1)
    for epoch in range(3):
        for part in torch.randperm(32).split(16):
            dist = torch.distributions.Categorical(logits=actor(states[part]))
            ratio = (dist.log_prob(actions[part]) - old[part]).exp()
            kept = torch.min(ratio * advantage[part], ratio.clamp(0.8, 1.2) * advantage[part])
            loss = -kept.mean() + 0.5 * ((critic(states[part]).squeeze(1) - returns[part]) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
"""


def test_updates_are_told_by_the_calls_of_the_network(desk):
    desk.write("own.py", SCRIPT)
    outcome = desk.watch(sys.executable, "own.py")
    assert outcome.exit_status == 0
    run = Run.load(desk.run)
    assert [row.update for row in run.updates] == [1, 2, 3, 4, 5]
    assert {row.optimizer_steps for row in run.updates} == {6}
    assert run.envs == ()
    surrogate = readings(run)[0].surrogate
    assert (surrogate.clip_low, surrogate.clip_high, surrogate.sign) == (0.8, 1.2, 1)
    (note,) = [note for note in run.notes if note.tap == "environments"]
    assert "no environment was seen" in note.text
