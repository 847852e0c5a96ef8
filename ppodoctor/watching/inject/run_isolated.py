"""The main file of a watched Python whose flags keep PYTHONPATH or `sitecustomize` out (-I, -E, -S).

Called as `python FLAGS run_isolated.py KIND TARGET COUNT WORDS`; see `ppodoctor.watching.isolated`.
"""

from __future__ import annotations

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _here)
import ppodoctor_start  # type: ignore[import-not-found]  # noqa: E402

# Twice or thrice: as the folder of the main file (not under -I), and from PYTHONPATH (under -S).
sys.path[:] = [_entry for _entry in sys.path if _entry != _here]
sys.path_importer_cache.pop(_here, None)
ppodoctor_start.start(os.environ["PPODOCTOR_WATCH"])

from ppodoctor.watching import isolated  # noqa: E402

isolated.run(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
