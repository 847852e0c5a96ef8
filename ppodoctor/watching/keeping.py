"""The raw tensors of an update: gathered while it happens, written when it is over."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence

from ppodoctor.specimens import MinibatchSpecimen, RolloutSpecimen, save_calls, save_minibatch, save_rollout
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.layer_calls import LayerCalls
from ppodoctor.watching.roles import Roles

ROWS_BUDGET = 192 * 1024 * 1024
"""Bytes of environment steps, of all environments, held in full before an update."""
_ROW = 400
"""Bytes of a row besides its two observations, which share their arrays with the rows before and after."""


class Keeping:
    """Holds what one update shows of itself. `recorder()` is the writer, None in a process that must not write."""

    def __init__(self, recorder: Callable[[], Any], layers: LayerCalls, roles: Roles) -> None:
        self._recorder = recorder
        self._layers = layers
        self._roles = roles
        self._minibatches: List[MinibatchSpecimen] = []
        self._calls: Optional[List[Any]] = None

    def rollouts(self, update: int, rollouts: Sequence[RolloutSpecimen]) -> None:
        """Write the environment steps before an update."""
        for rollout in rollouts:
            self._write(f"rollout-{update:06d}-{rollout.stream}", save_rollout, rollout)

    def bound(self, env: Any) -> None:
        """Go over to sums when the rollout is too long to hold its steps: `env` then keeps none until its next cut."""
        streams = [watched.stream for watched in env.streams.watched]
        if sum(_size(stream) for stream in streams) <= ROWS_BUDGET:
            return
        env.keep_rows = False
        env.finish()
        recorder = self._recorder()
        if recorder is not None:
            recorder.note(
                "environments",
                f"a rollout took more than {ROWS_BUDGET >> 20} MiB to hold: its statistics are recorded, not its steps",
                "shorter rollouts or fewer environments show where every sample came from",
            )

    def minibatch(self, minibatch: MinibatchSpecimen) -> None:
        """Hold a minibatch until its update is over: its optimizer step adds facts to it."""
        self._minibatches.append(minibatch)

    def end_of_rollout(self) -> None:
        """An optimizer is about to step: layer calls from here on are made with other parameters than the rollout's."""
        calls = self._layers.drain()
        if self._calls is None:
            self._calls = calls

    def end_of_update(self, update: int, *, with_calls: bool) -> None:
        """Write what is held: the layers' calls, too, now that all losses have told which layers matter."""
        for minibatch in self._minibatches:
            self._write(f"minibatch-{minibatch.update:06d}-{minibatch.index:05d}", save_minibatch, minibatch)
        self._minibatches = []
        log = self._layers.drain() if self._calls is None else self._calls
        self._calls = None
        calls = self._layers.assemble(log, self._roles.first, self._roles.heads) if with_calls else []
        if calls:
            self._write(f"calls-{update:06d}", save_calls, calls)

    def _write(self, name: str, save: Any, specimen: Any) -> None:
        recorder = self._recorder()
        if recorder is not None:
            recorder.specimen(name, lambda path: save(path, specimen))


def _size(stream: Stream) -> int:
    return stream.held * (_ROW + int(getattr(stream.rows[-1], "nbytes", 0))) if stream.rows else 0
