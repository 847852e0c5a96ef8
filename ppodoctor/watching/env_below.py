"""Rewards and actions of the innermost environments below one outermost object, read from the calls below its steps.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np

from ppodoctor.watching.env_trace import innermost
from ppodoctor.watching.env_values import PLAIN, as_array, kept


class Below:
    """Where in a usual trace the innermost calls are, learned from one step; other traces are walked through.

    `length` is that of a usual trace. `plan` is the index of the one innermost call, or the indices of one per
    environment, or None when no wrapped call lies below.
    """

    def __init__(self) -> None:
        self.length = -1
        self.plan: Any = None
        self.strangers: List[Any] = []
        """Objects met below a step that are no environments."""
        self.places: Dict[int, int] = {}
        """id of an innermost environment -> its index, where each one is seen."""

    def forget(self) -> None:
        """Another outermost object goes on."""
        self.__init__()  # type: ignore[misc]

    def rewards(self, trace: List[Any]) -> Any:
        """The innermost rewards of a usual trace; None when there is no wrapped call below."""
        plan = self.plan
        if plan is None:
            return None
        return trace[plan][3][1] if type(plan) is int else [trace[k][3][1] for k in plan]

    def other_rewards(self, out: Any, trace: List[Any], outer: Any, resets: bool) -> Any:
        """Innermost rewards of a trace that is not the usual one, summed over repeated steps (frame skip).

        Where an environment took no step, what the script received; None when nothing is visible below.
        """
        if not self.places or (not resets and (len(trace) < self.length or not self._walk(trace))):
            self._learn(trace, outer, np.size(as_array(out[2])), resets)
        if type(self.plan) is int and not self.places:  # one inner vector environment stepped for all
            return kept(trace[self.plan][3][1]) if self.plan < len(trace) and trace[self.plan][2] is not None else None
        found = self._walk(trace)
        if not found:
            return None
        received = as_array(out[1]).reshape(-1).astype(np.float64).tolist()
        for place, calls in found.items():
            if place < len(received):
                received[place] = sum(_number(trace[k][3][1]) for k in calls)
        return received if len(received) > 1 else received[0]

    def actions(self, trace: List[Any], envs: int) -> Any:
        """The action of each environment's last innermost step, None where it took none."""
        found: List[Any] = [None] * envs
        for place, calls in self._walk(trace).items():
            sent = trace[calls[-1]][2]
            if sent and place < envs:
                found[place] = kept(sent[0])
        return found if envs > 1 else found[0]

    def sent(self, action: Any, args: Any, trace: List[Any], row: Tuple[int, bool, bool]) -> Any:
        """The action(s) that reached the innermost environment(s) in a step, None where that is not visible.

        `row`: how many environments, whether the trace is the usual one, and whether they run out of sight.
        """
        envs, usual, hidden = row
        if not usual:
            found = self.actions(trace, envs)
            return found if self.places else None if hidden else action
        if self.plan is None:
            return None if hidden else action
        if type(self.plan) is not int:
            return sent_actions(trace, self.plan)
        sent = trace[self.plan][2]
        if not sent:
            return None
        return action if args and sent[0] is args[0] else kept(sent[0])

    def _walk(self, trace: List[Any]) -> Dict[int, List[int]]:
        """Innermost step calls by environment; of a call within the same object's own only the outer one."""
        found: Dict[int, List[int]] = {}
        places = self.places
        for k, (start, owner, args, _) in enumerate(trace):
            place = places.get(id(owner))
            if place is None or args is None:
                continue
            calls = found.get(place)
            if calls is None:
                found[place] = [k]
            elif start <= calls[-1]:
                calls[-1] = k
            else:
                calls.append(k)
        return found

    def _learn(self, trace: List[Any], outer: Any, envs: int, resets: bool) -> None:
        leaves, strangers = innermost(trace, outer)
        self.strangers.extend(strangers)
        if strangers:
            return  # their classes are let go of, so that the next step shows the environments alone
        shared = envs > 1 and len(leaves) == 1 and np.size(as_array(trace[leaves[0]][3][1])) == envs
        owners: Dict[int, int] = {}
        for k in leaves:
            owners.setdefault(id(trace[k][1]), len(owners))
        self.places = owners if len(owners) == envs and not shared else {}
        if resets or not (shared or len(leaves) in (0, envs)):
            return
        self.length = len(trace)
        self.plan = None if not leaves else leaves[0] if envs == 1 or shared else tuple(leaves)


def _number(reward: Any) -> float:
    return float(reward if type(reward) in PLAIN else np.sum(as_array(reward)))


def sent_actions(trace: List[Any], plan: Tuple[int, ...]) -> List[Any]:
    """The action of each innermost step of a usual trace."""
    return [kept(sent[0]) if sent else None for sent in (trace[k][2] for k in plan)]
