"""Read by every Python of a command of a trial, before its script: seeds it and gives its trainer keyword arguments.

Then it gives way to the user's own file.
"""

import os
import sys

_here = os.path.dirname(__file__)
if os.environ.get("PPODOCTOR_SEED") and sys.version_info >= (3, 9):
    try:
        import ppodoctor_seeds  # type: ignore[import-not-found]

        ppodoctor_seeds.start(int(os.environ["PPODOCTOR_SEED"]))
    except Exception:
        pass  # a script without seeds from outside is still a script
if os.environ.get("PPODOCTOR_KEYWORDS") and sys.version_info >= (3, 9):
    try:
        import json

        import ppodoctor_keywords  # type: ignore[import-not-found]

        ppodoctor_keywords.start(**json.loads(os.environ["PPODOCTOR_KEYWORDS"]))
    except Exception:
        pass  # what was not taken is missed in its file

sys.path[:] = [_entry for _entry in sys.path if _entry != _here]
sys.path_importer_cache.pop(_here, None)
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
