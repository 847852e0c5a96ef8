"""TensorBoard: event files in the run folder, written by TensorBoard's own package, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ppodoctor.training.loop import Trainer
from ppodoctor.training.sinks import missing

FOLDER = "tensorboard"


class TensorBoard:
    """A place for `Sink`. Look at it with `tensorboard --logdir runs`."""

    name = "TensorBoard"

    def __init__(self) -> None:
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2  # type: ignore[import-untyped]
            from tensorboard.summary.writer.event_file_writer import EventFileWriter  # type: ignore[import-untyped]
        except ImportError:
            raise missing("tensorboard", "--tensorboard", "tensorboard") from None
        self._protos, self._make = (event_pb2, summary_pb2, tensor_pb2), EventFileWriter
        self._writer: Any = None

    def open(self, trainer: Trainer, folder: Path) -> None:
        """A new event file in RUN/tensorboard; what an earlier one says of later steps is taken back."""
        self._writer = self._make(str(folder / FOLDER))
        events, _, _ = self._protos
        if trainer.steps:
            start = events.SessionLog(status=events.SessionLog.START)
            self._writer.add_event(events.Event(wall_time=_now(), step=trainer.steps + 1, session_log=start))
        else:
            self._settings(trainer.config.to_dict())

    def write(self, numbers: dict[str, float], step: int) -> None:
        """One event with all numbers."""
        events, summaries, _ = self._protos
        values = [summaries.Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        self._writer.add_event(events.Event(wall_time=_now(), step=step, summary=summaries.Summary(value=values)))

    def close(self, status: str) -> None:
        """Write everything out."""
        self._writer.close()

    def _settings(self, settings: dict[str, Any]) -> None:
        """The table of settings under the name and in the form of CleanRL's."""
        events, summaries, tensors = self._protos
        rows = "\n".join(f"|{name}|{value}|" for name, value in settings.items())
        text = f"|param|value|\n|-|-|\n{rows}".encode()
        string = 7  # DataType.DT_STRING
        tensor = tensors.TensorProto(dtype=string, string_val=[text])
        plugin = summaries.SummaryMetadata.PluginData(plugin_name="text")
        value = summaries.Summary.Value(
            tag="hyperparameters/text_summary", metadata=summaries.SummaryMetadata(plugin_data=plugin), tensor=tensor
        )
        self._writer.add_event(events.Event(wall_time=_now(), step=0, summary=summaries.Summary(value=[value])))


def _now() -> float:
    import time

    return time.time()
