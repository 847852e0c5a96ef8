"""Ends the script between two of its steps, as `sys.exit(0)` there would: finally blocks and atexit handlers run.

The request is a file, `watch/stop` in the run folder, so that any process may ask; the answer is `watch/stopped.json`.
Loaded by every interpreter of a watched command: light standard library modules only.
"""

from __future__ import annotations

import atexit
import os
import sys
import time

ENV_STEP = "environment step"
OPTIMIZER_STEP = "optimizer step"
POLL_SECONDS = 0.1
"""How often a process looks for the request; between two looks a check costs one reading of the clock."""

_clock = time.monotonic


class StopWatching(SystemExit):
    """Raised once in a process of the script, between two of its steps. `except Exception` does not swallow it."""

    def __init__(self, reason: str) -> None:
        super().__init__(0)
        self.reason = reason


class _Stops:
    """Where this process looks for a request, and whether it may be the one to obey."""

    def __init__(self, root: str, *, worker: bool, keeper: int | None) -> None:
        self.request = os.path.join(root, "watch", "stop")
        self.answer = os.path.join(root, "watch", "stopped.json")
        self.leaving = os.path.join(root, "watch", "leaving.json")
        self.worker = worker
        self.keeper = keeper
        self.next_look = 0.0
        self.reason: str | None = None
        self.raised = False


_current: _Stops | None = None


def look_in(root: str, *, worker: bool = False, keeper: int | None = None) -> None:
    """Obey the requests in this run folder.

    Args:
        root: The run folder of the whole command.
        worker: A process of multiprocessing. It does not stop at an environment step, which would look like a crash
            to the script's main process, but does at an optimizer step: then it is the one that trains.
        keeper: Process id of the one who set a limit to this run. When it is gone the limit is its last wish.
    """
    global _current
    _current = _Stops(root, worker=worker, keeper=keeper)


def become_worker() -> None:
    """Go on as a forked child of the process that was set up."""
    if _current is not None:
        _current.worker = True


def look_nowhere() -> None:
    """Obey no request any more."""
    global _current
    _current = None


def request_stop(reason: str) -> None:
    """Stop this process at its next step, and ask the others of the command to stop as well."""
    if _current is None or _current.reason is not None:
        return
    _current.reason = reason
    _current.next_look = 0.0
    _write(_current.request, reason)


def requested() -> str | None:
    """Why this process is to stop; None while it is not."""
    return _current.reason if _current is not None else None


def check(at: str = ENV_STEP) -> None:
    """Raise StopWatching when a stop was asked for. Called by the taps between two steps of the script.

    Args:
        at: `ENV_STEP` or `OPTIMIZER_STEP`.

    Raises:
        StopWatching: once per process.
    """
    stops = _current
    if stops is None or stops.raised:
        return
    now = _clock()
    if now < stops.next_look:
        return
    if stops.reason is None:
        stops.reason = _read_request(stops)
        if stops.reason is None:
            stops.next_look = now + POLL_SECONDS
            return
    if at == OPTIMIZER_STEP or (not stops.worker and _in_main_thread()):
        stops.raised = True
        # Registered last it runs first: the script's own code is behind it then, its clean-up at exit still to come.
        atexit.register(_leave, stops)
        _write(stops.answer, _to_json({"reason": stops.reason, "at": at, "pid": os.getpid(), "time": time.time()}))
        raise StopWatching(stops.reason)


def _leave(stops: _Stops) -> None:
    """Name the worker processes that multiprocessing will wait for at exit, forever when nobody tells them to end.

    The parent ends them a moment later; the daemons among them are ended by multiprocessing itself.
    """
    process = sys.modules.get("multiprocessing.process")
    workers = [one.pid for one in process.active_children() if not one.daemon] if process is not None else []
    if workers:
        _write(stops.leaving, _to_json({"pid": os.getpid(), "workers": workers}))


def _read_request(stops: _Stops) -> str | None:
    try:
        with open(stops.request, encoding="utf-8") as file:
            return file.read().strip() or "asked to stop"
    except OSError:
        pass  # nobody asked
    if stops.keeper is not None and not _alive(stops.keeper):
        return "ppodoctor was ended, and a limit had been set to this run"
    return None


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # one that has ended keeps its number until its parent asks for it
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        pass  # not Linux, or gone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _in_main_thread() -> bool:
    threading = sys.modules.get("threading")  # never imported: then there is one thread
    return threading is None or threading.current_thread() is threading.main_thread()


def _to_json(facts: dict[str, object]) -> str:
    import json

    return json.dumps(facts)


def _write(path: str, text: str) -> None:
    """Write unless somebody did before; through a temporary name, so that nobody reads half of it."""
    if os.path.exists(path):
        return
    partial = f"{path}.{os.getpid()}"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)
    except OSError:
        pass  # a full disk: this process knows its reason, and the parent has signals
