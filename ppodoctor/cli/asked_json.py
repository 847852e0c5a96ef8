"""The JSON that a command was asked for by `--json PATH`; - is standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from ppodoctor.cli.statuses import UsageError


def write_json(text: str, target: str) -> None:
    """Write it where it was asked for. Raises UsageError where that cannot be written."""
    if target == "-":
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write the JSON to {target} ({error.strerror}). Choose another path.") from None
