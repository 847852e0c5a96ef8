"""`with ppodoctor.watch("runs/mine"):` - watch the code of a block, in a notebook or in one's own launcher."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Union

from ppodoctor.watching.bootstrap import watch_here


def watch(folder: Union[str, os.PathLike[str]]) -> watch_here:
    """Record the training that happens inside a `with` block into a run folder.

    Networks, optimizers and environments may be made before the block; what they were made with is then unknown, the
    line of their making too. Diagnose the folder afterwards with `ppodoctor.diagnose(ppodoctor.Run.load(folder))` or
    `ppodoctor diagnose FOLDER`.

    Raises:
        FileExistsError: the folder already holds a run.
    """
    path = Path(folder)
    if (path / "updates.jsonl").exists():
        raise FileExistsError(f"{path} already holds a run; choose another folder, or remove it")
    path.mkdir(parents=True, exist_ok=True)
    return watch_here(path)
