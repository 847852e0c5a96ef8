"""Cuts the streams into rollouts and columns when a policy update begins.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

from ppodoctor.records import EnvFacts, EpisodeRecord
from ppodoctor.specimens import RolloutSpecimen
from ppodoctor.watching.env_block import Block, Mark
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.env_streams import Streams, Watched
from ppodoctor.watching.env_windows import Window
from ppodoctor.watching.train_streams import TrainStreams

MARKS, WAIT = 16, 0.5
"""Updates that are only marked before their rows are folded together, and the seconds they wait at most: most of what
a fold costs does not depend on the number of its rows."""


class Cuts:
    """`write` receives every episode that ended, `fail` a stream whose rows have no common shape."""

    def __init__(
        self, streams: Streams, write: Callable[[EpisodeRecord], None], fail: Callable[[Stream, Exception], None]
    ) -> None:
        self.train_streams = TrainStreams()
        self._over = False
        """No further update will come."""
        self._streams = streams
        self._write = write
        self._fail = fail
        self._updates = 0
        """Policy updates before the first of the rows that are not folded yet."""
        self._marks: List[Dict[int, Mark]] = []
        """By stream, for every update that was only marked."""
        self._earlier: List[Dict[str, Any]] = []
        self._ended: List[EpisodeRecord] = []
        self._counted: Dict[int, int] = {}
        """Calls of each stream at the last cut or mark."""
        self._settled = 0.0

    def mark(self, update: int) -> bool:
        """Remember where policy update `update` begins, and leave its rows to a later cut, soon.

        False where nothing is left for later: observations are kept, or what lies below steps matters.
        """
        waiting = bool(self._marks) and time.perf_counter() - self._settled > WAIT
        streams = [watched.stream for watched in self._streams.watched if watched.stream.held]
        if waiting or len(self._marks) >= MARKS or not streams or not all(stream.plain for stream in streams):
            return False
        if not self._marks:
            self._updates = max(0, update - 1)
            self._settled = time.perf_counter()
        self._marks.append({stream.index: Mark(stream.held, len(stream.events)) for stream in streams})
        self._count_steps(())
        return True

    def cut(self, update: int, *, last: bool = False) -> Tuple[List[RolloutSpecimen], Dict[str, Any]]:
        """The rollouts that were kept and the columns of the training streams, for policy update `update`.

        After the `last` cut no update comes: what was stepped since the one before trains nobody.
        """
        if not self._marks:
            self._updates = max(0, update - 1)
        rollouts = []
        for watched in self._held():
            block = self._fold(watched)
            if block is None:
                continue
            found = specimen(watched.stream, block, update, watched.facts.observation.shape)
            if found is not None:
                rollouts.append(found)
        self._over = last
        if not last:
            self._count_steps(rollouts)
        *earlier, columns = self._columns()
        self._earlier += earlier
        for watched in self._streams.watched:
            watched.windows = [Window()]
        self._settle()
        self._updates = max(0, update)
        return rollouts, columns

    def earlier(self) -> List[Dict[str, Any]]:
        """The columns of the updates that were marked and have been settled since the last call, in order."""
        found, self._earlier = self._earlier, []
        return found

    def fold(self, watched: Watched, count: Optional[int] = None) -> None:
        """Sum up a stream's first `count` rows (all by default) before a cut."""
        if self._marks:
            self.finish()
        else:
            self._fold(watched, count)
            self._settle()

    def finish(self) -> None:
        """Fold what is left."""
        for watched in self._held():
            self._fold(watched)
        if self._marks:
            *earlier, _ = self._columns()
            self._earlier += earlier
            for watched in self._streams.watched:
                watched.windows = watched.windows[len(self._marks) :] or [Window()]
        self._settle()

    def training(self) -> List[Watched]:
        """The streams that train, the busiest ones while that is not known."""
        watched = self._streams.watched
        if len(watched) < 2 or not self.train_streams.trained:
            return self._streams.busiest()
        evaluating = self._evaluating()
        return [one for one in watched if one.stream.index not in evaluating]

    def facts(self) -> List[EnvFacts]:
        """What is known about every stream."""
        evaluating = self._evaluating()
        with np.errstate(all="ignore"):
            return [one.describe(one.stream.index in evaluating) for one in self._streams.watched]

    def _held(self) -> List[Watched]:
        """The streams that hold rows; the others (a step that raised) begin anew."""
        found = [watched for watched in self._streams.watched if watched.stream.held]
        for watched in self._streams.watched:
            watched.stream.opened = watched in found
        return found

    def _fold(self, watched: Watched, count: Optional[int] = None) -> Optional[Block]:
        """Turn rows into a block and into sums; None when that failed."""
        marks = [mark.get(watched.stream.index, _NOTHING) for mark in self._marks]
        try:
            with np.errstate(all="ignore"):  # the script may have told numpy to raise
                return watched.fold(self._ended.append, count, marks)
        except (ValueError, TypeError, IndexError) as error:
            self._fail(watched.stream, error)
            return None

    def _settle(self) -> None:
        """Nothing is marked any longer: write the episodes in the order of the updates."""
        for record in self._ended:
            record.update += self._updates
        self._ended.sort(key=_update_of)
        for record in self._ended:
            self._write(record)
        self._ended = []
        self._updates += len(self._marks)
        self._marks = []

    def _count_steps(self, rollouts: Any) -> None:
        """An update begins: how many steps each stream took for it."""
        steps = {}
        for watched in self._streams.watched:
            stream = watched.stream
            taken = stream.calls - self._counted.get(stream.index, 0)
            if taken:
                steps[stream.index] = taken * stream.envs
            self._counted[stream.index] = stream.calls
        self.train_streams.cut(steps)
        self.train_streams.rollouts(rollouts)

    def _evaluating(self) -> Set[int]:
        numbers = [one.stream.index for one in self._streams.watched]
        return self.train_streams.ended(numbers) if self._over else self.train_streams.evaluating(numbers)

    def _columns(self) -> List[Dict[str, Any]]:
        """For every marked update and the one to come."""
        training = self.training()
        use_cut = not any(watched.totals.whole for watched in training)
        found = []
        for place in range(len(self._marks) + 1):
            window = Window()
            for watched in training:
                if place < len(watched.windows):
                    window.merge(watched.windows[place])
            found.append(window.columns(use_cut))
        return found


_NOTHING = Mark(0, 0)


def _update_of(record: EpisodeRecord) -> int:
    return record.update


def specimen(stream: Stream, block: Block, update: int, obs_shape: Tuple[int, ...]) -> Optional[RolloutSpecimen]:
    """The block as the rollout before `update`; None when observations or actions were not kept."""
    layout = stream.layout
    if block.obs is None or block.next_obs is None or block.action is None or layout is None:
        return None
    last = stream.now if stream.now is not None else layout.take(stream.last)
    return RolloutSpecimen(
        update=update,
        stream=stream.index,
        first_call=block.first_call,
        obs=block.obs,
        next_obs=block.next_obs,
        action=block.action,
        reward=block.reward,
        terminated=block.terminated,
        truncated=block.truncated,
        done_seen=block.done_seen,
        raw_reward=block.raw,
        inner_action=block.inner_action,
        filler=block.filler,
        reset_before=block.reset_before,
        last_obs=layout.matrix(last),
        final_known=block.final_known,
        obs_stride=layout.stride,
        obs_shape=obs_shape,
    )
