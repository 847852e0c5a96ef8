"""The main file of a watched Python whose flags keep PYTHONPATH or `sitecustomize` out (-I, -E, -S).

Called as `python FLAGS run_isolated.py KIND TARGET ARGUMENTS`; see `ppodoctor.watching.isolated`.
"""

from __future__ import annotations

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
# -I and -P leave the folder of the main file out; else it is the first entry, where the script's own belongs.
if sys.path and sys.path[0] == _here:
    del sys.path[0]
sys.path.insert(0, _here)
import ppodoctor_start  # type: ignore[import-not-found]  # noqa: E402

sys.path.remove(_here)
sys.path_importer_cache.pop(_here, None)
ppodoctor_start.start(os.environ["PPODOCTOR_WATCH"])

from ppodoctor.watching import isolated  # noqa: E402

isolated.run(sys.argv[1], sys.argv[2], sys.argv[3:])
