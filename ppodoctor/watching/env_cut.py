"""Cuts the streams into rollouts and columns when a policy update begins.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

from ppodoctor.records import EnvFacts, EpisodeRecord
from ppodoctor.specimens import RolloutSpecimen
from ppodoctor.watching.env_fold import Block, specimen
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.env_streams import Streams, Watched
from ppodoctor.watching.env_totals import Window


class Cuts:
    """`write` receives every episode that ended, `fail` a stream whose rows have no common shape."""

    def __init__(
        self, streams: Streams, write: Callable[[EpisodeRecord], None], fail: Callable[[Stream, Exception], None]
    ) -> None:
        self.train_streams: Optional[Set[int]] = None
        self._streams = streams
        self._write = write
        self._fail = fail
        self._updates = 0

    def cut(self, update: int) -> Tuple[List[RolloutSpecimen], Dict[str, Any]]:
        """The rollouts that were kept and the columns of the training streams, for policy update `update`."""
        self._updates = max(0, update - 1)
        rollouts = []
        for watched in self._streams.watched:
            block = self.fold(watched) if watched.stream.rows else None
            if block is None:
                continue
            found = specimen(watched.stream, block, update, watched.facts.observation.shape)
            if found is not None:
                rollouts.append(found)
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
        """The streams that are known to train, else the busiest."""
        if self.train_streams is None:
            return self._streams.busiest()
        return [one for one in self._streams.watched if one.stream.index in self.train_streams]

    def facts(self) -> List[EnvFacts]:
        """What is known about every stream."""
        with np.errstate(all="ignore"):
            return [watched.describe(self.train_streams) for watched in self._streams.watched]

    def finish(self) -> None:
        """Fold what is left."""
        for watched in self._streams.watched:
            if watched.stream.rows:
                self.fold(watched)

    def _episode(self, record: EpisodeRecord) -> None:
        record.update = self._updates
        self._write(record)

    def _columns(self) -> Dict[str, Any]:
        window = Window()
        training = self.training()
        for watched in training:
            window.merge(watched.window)
        for watched in self._streams.watched:
            watched.window = Window()
        if not window.steps:
            return {}
        with np.errstate(all="ignore"):
            return window.columns(use_cut=not any(watched.totals.whole for watched in training))
