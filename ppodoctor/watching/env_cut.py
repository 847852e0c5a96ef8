"""Cuts the streams into rollouts and columns when a policy update begins.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

from ppodoctor.records import EnvFacts, EpisodeRecord
from ppodoctor.specimens import RolloutSpecimen
from ppodoctor.watching.env_fold import Block
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.env_streams import Streams, Watched
from ppodoctor.watching.env_totals import Window
from ppodoctor.watching.train_streams import TrainStreams


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

    def cut(self, update: int, *, last: bool = False) -> Tuple[List[RolloutSpecimen], Dict[str, Any]]:
        """The rollouts that were kept and the columns of the training streams, for policy update `update`.

        After the `last` cut no update comes: what was stepped since the one before trains nobody.
        """
        self._updates = max(0, update - 1)
        rollouts = []
        for watched in self._streams.watched:
            block = self.fold(watched) if watched.stream.rows else None
            if block is None:
                continue
            found = specimen(watched.stream, block, update, watched.facts.observation.shape)
            if found is not None:
                rollouts.append(found)
        self._over = last
        if not last:
            steps = {one.stream.index: one.window.steps for one in self._streams.watched if one.window.steps}
            self.train_streams.cut(steps)
            self.train_streams.rollouts(rollouts)
        columns = self._columns()
        self._updates = max(0, update)
        return rollouts, columns

    def fold(self, watched: Watched, count: Optional[int] = None) -> Optional[Block]:
        """Turn a stream's first `count` rows (all by default) into a block and into sums; None when that failed."""
        try:
            with np.errstate(all="ignore"):  # the script may have told numpy to raise
                return watched.fold(self._episode, count)
        except (ValueError, TypeError, IndexError) as error:
            self._fail(watched.stream, error)
            return None

    def training(self) -> List[Watched]:
        """The streams that train, the busiest ones while that is not known."""
        watched = self._streams.watched
        if len(watched) < 2 or not self.train_streams.trained:
            return self._streams.busiest()
        evaluating = self._evaluating()
        return [one for one in watched if one.stream.index not in evaluating]

    def _evaluating(self) -> Set[int]:
        numbers = [one.stream.index for one in self._streams.watched]
        return self.train_streams.ended(numbers) if self._over else self.train_streams.evaluating(numbers)

    def facts(self) -> List[EnvFacts]:
        """What is known about every stream."""
        evaluating = self._evaluating()
        with np.errstate(all="ignore"):
            return [one.describe(one.stream.index in evaluating) for one in self._streams.watched]

    def finish(self) -> None:
        """Fold what is left."""
        for watched in self._streams.watched:
            if watched.stream.rows:
                self.fold(watched)

    def _episode(self, record: EpisodeRecord) -> None:
        record.update = self._updates
        self._write(record)

    def _columns(self) -> Dict[str, Any]:
        training = self.training()
        window = training[0].window if training else Window()
        for watched in training[1:]:
            window.merge(watched.window)
        for watched in self._streams.watched:
            watched.window = Window()
        if not window.steps:
            return {}
        with np.errstate(all="ignore"):
            return window.columns(use_cut=not any(watched.totals.whole for watched in training))


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
