"""Run by every Python of a watched command, before its script: starts the watch, then gives way to the user's own file.

Every interpreter reads this file, Python 2 too, hence neither a function annotation nor
`from __future__ import annotations` (an error before 3.7), and the work of newer ones in a module beside it.
"""

import os
import sys

_here = os.path.dirname(__file__)
_folder = os.environ.get("PPODOCTOR_WATCH")
if _folder:
    try:
        if sys.version_info >= (3, 9):  # noqa: UP036
            import ppodoctor_start  # type: ignore[import-not-found]

            ppodoctor_start.start(_folder)
        else:
            with open(os.path.join(_folder, "watch", "events.jsonl"), "a") as _events:
                _events.write('{"pid": %d, "python": "%d.%d.%d"}\n' % ((os.getpid(),) + tuple(sys.version_info[:3])))  # noqa: UP031, RUF005
    except Exception:
        pass  # a watcher that fails lets the script go on

# The script sees the `sys.path` that it would have had without us.
sys.path[:] = [_entry for _entry in sys.path if _entry != _here]
sys.path_importer_cache.pop(_here, None)

# The next file of this name takes our place. Where there is none, the ImportError that this raises is what `site`
# expects of an interpreter without a sitecustomize: nothing of ours is left in `sys.modules`.
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
