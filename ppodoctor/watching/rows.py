"""Update rows on their way into the Run: what environments say of an update may come after the update is over.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence

from ppodoctor.records import UpdateRecord
from ppodoctor.specimens import RolloutSpecimen
from ppodoctor.watching.tap_env import EnvTap
from ppodoctor.watching.update_builder import UpdateBuilder


class Rows:
    """Writes rows in their order, each when it is whole. `recorder()` is the writer, None where nothing is written."""

    def __init__(self, env: EnvTap, recorder: Callable[[], Any]) -> None:
        self._env = env
        self._recorder = recorder
        self.builder: Optional[UpdateBuilder] = None
        """Of the update that is running."""
        self._finished: List[UpdateRecord] = []
        self._unsettled: List[UpdateRecord] = []
        """Rows that lack what environments say."""

    def begin(self, update: int, wall: float, *, later: bool) -> List[RolloutSpecimen]:
        """An update begins; the one before is over. `later`: what environments say of it may come later.

        Returns the rollouts that were kept for it.
        """
        rollouts: List[RolloutSpecimen] = []
        columns: Optional[Dict[str, Any]] = None
        if not (later and self._env.cuts.mark(update)):
            rollouts, columns = self._env.cut(update)
        self.builder = UpdateBuilder(update, self._env.total_steps, wall)
        self._unsettled.append(self.builder.record)
        if columns is not None:
            self._settle(columns)
        return rollouts

    def end(self, backwards: int) -> None:
        """The update that is running is over, after so many backward calls."""
        if self.builder is not None:
            self._finished.append(self.builder.finish(backwards))
            self.builder = None
        self._write()

    def finish(self, update: int, *, stepped: bool) -> None:
        """No update `update` will come. `stepped`: environments took steps since the last one."""
        if stepped or self._unsettled:
            self._settle(self._env.cut(update, last=True)[1])

    def _settle(self, columns: Dict[str, Any]) -> None:
        """What environments say of the rows that lack it, in order; what is beyond them belongs to no update."""
        found: Sequence[Dict[str, Any]] = [*self._env.cuts.earlier(), columns]
        for record, told in zip(self._unsettled, found):
            vars(record).update(told)
        self._unsettled.clear()
        self._write()

    def _write(self) -> None:
        recorder = self._recorder()
        if recorder is not None and self._finished and not self._unsettled:
            recorder.updates(self._finished)
            self._finished = []
