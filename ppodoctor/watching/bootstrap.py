"""The watch in one process of the script: waits for a library of interest, then opens the session and attaches it.

Loaded by every interpreter of a watched command before its first line: until torch or gymnasium shows up it costs
about a millisecond and imports nothing but small modules. Nothing here raises into the script.
"""

from __future__ import annotations

import atexit
import os
import sys
from _thread import RLock

from ppodoctor.watching import imports, stops

TYPE_CHECKING = False  # spares the unrelated interpreters of a command the import of typing
if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType, TracebackType
    from typing import Any, Callable

    from ppodoctor.watching.settings import Settings, Wishes

LIBRARIES = ("torch", "gymnasium", "gym")
"""Importing one of these opens the session."""
SIGHTED = ("stable_baselines3", "envpool", "jax", "tensorflow", "ray")
"""Importing one of these is noted, and told to a session that has an `attach_...` for it."""

_watch: Watch | None = None


class Watch:
    """What this process knows about being watched; there is at most one.

    The session is any object with `attach_torch(module)`, `attach_gymnasium(module)`, `attach_gym(module)`,
    `attach_classes()`, `detach()`, `finish(reason)` and, for forked children, `in_worker(folder)`. A method that is
    missing is skipped, one that raises is noted.
    """

    def __init__(self, root: str, wishes: Wishes | None = None) -> None:
        self.root = root
        self.wishes = wishes
        self.session: Any = None
        self.settings: Settings | None = None
        self.forked = False
        self.over = False
        self._opened = False
        self._crash: dict[str, object] | None = None
        self._lock = RLock()
        self._callbacks: list[Callable[[ModuleType], None]] = []
        self._hook = sys.excepthook

    def attach(self) -> None:
        """Wait for the libraries of interest; those already imported are attached at once."""
        imports.report_to(self.note)
        for name in LIBRARIES:
            self._when(name, self._library)
        for name in SIGHTED:
            self._when(name, self._sighted)
        self._when("multiprocessing.util", self._finish_in_forked_processes)

    def _when(self, name: str, callback: Callable[[ModuleType], None]) -> None:
        self._callbacks.append(callback)
        imports.when_imported(name, callback)

    def _library(self, module: ModuleType) -> None:
        if self.over:
            return
        name = module.__name__
        self.event(imported=name)
        self.open_session()
        self._tell(f"attach_{name}", module)

    def _sighted(self, module: ModuleType) -> None:
        if self.over:
            return
        name = module.__name__
        self.event(imported=name)
        self._tell(f"attach_{name}", module)

    def open_session(self) -> None:
        """Make the session, once; the first process of the command to do so writes in the run folder itself."""
        with self._lock:
            if self._opened or self.over:
                return
            self._opened = True
            try:
                settings = self._settings()
                keeper = settings.wishes.keeper if settings.wishes.bounded else None
                stops.look_in(self.root, worker=settings.worker, keeper=keeper)
                from ppodoctor.watching.session import Session

                self.session = Session(settings)
            except Exception as error:
                self.note(f"could not watch this process: {type(error).__name__}: {error}")
                return
            self._tell("attach_classes")

    def _settings(self) -> Settings:
        from pathlib import Path

        from ppodoctor.watching.settings import Settings, Wishes, claim, worker_folder

        root = Path(self.root)
        worker = self.forked or _is_multiprocessing()
        folder = root if not worker and claim(root) else worker_folder(root)
        self.settings = Settings(root, folder, worker, self.wishes or Wishes.load(root))
        return self.settings

    def _tell(self, method: str, *arguments: object) -> None:
        call = getattr(self.session, method, None)
        if call is None:
            return
        try:
            call(*arguments)
        except Exception as error:
            self.note(f"{method} failed: {type(error).__name__}: {error}")

    def note(self, sentence: str) -> None:
        """Say in the run what this process could not do."""
        self.event(note=sentence)

    def event(self, **facts: object) -> None:
        """Append a line to `watch/events.jsonl`; one write, so that lines of several processes stay whole."""
        import json

        _append(self.root, json.dumps({"pid": os.getpid(), **facts}, default=str))

    def after_fork(self) -> None:
        """Become the watch of a forked child, which must not write into its parent's files."""
        if self.over:
            return
        self.forked = True
        self._crash = None
        self._lock = RLock()
        stops.become_worker()
        if self.session is not None and self.settings is not None:
            from dataclasses import replace

            from ppodoctor.watching.settings import worker_folder

            self.settings = replace(self.settings, folder=worker_folder(self.settings.root), worker=True)
            self._tell("in_worker", self.settings.folder)

    def _finish_in_forked_processes(self, util: Any) -> None:
        # A child forked by multiprocessing ends by os._exit: no atexit handler runs there, its finalizers do.
        util.register_after_fork(
            self, lambda watch: util.Finalize(None, watch.finish, args=("ended",), exitpriority=-1000)
        )

    def catch_crashes(self) -> None:
        """Record the exception that ends the script; what is printed about it stays as it is."""
        self._hook = sys.excepthook
        sys.excepthook = self._on_crash

    def _on_crash(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        isolated = sys.modules.get("ppodoctor.watching.isolated")
        if isolated is not None:
            trace = isolated.without_own_frames(trace)
            error = error.with_traceback(trace)
        self.crashed(error, trace)
        self._hook(kind, error, trace)

    def crashed(self, error: BaseException, trace: TracebackType | None) -> None:
        """Write `crash.json`: in the folder of this process, or in the run folder while no process has claimed it."""
        try:
            from ppodoctor.watching import crash
            from ppodoctor.watching.settings import claim_file

            self._crash = crash.describe(error, trace)
            folder = self.settings.folder if self.settings is not None else self.root
            if self.settings is None and os.path.exists(claim_file(self.root)):
                folder = os.path.join(self.root, "workers", str(os.getpid()))
            crash.save(self._crash, str(folder))
        except Exception as failure:
            self.note(f"could not record the script's exception: {type(failure).__name__}: {failure}")

    def at_exit(self) -> None:
        """The last of the atexit handlers, since it was the first to register."""
        # A script may have put its own hook in the place of ours; what it was given is kept by Python itself.
        last = getattr(sys, "last_value", None)
        if self._crash is None and last is not None and not self.over:
            self.crashed(last, last.__traceback__)
        self.finish("ended")
        if self._crash is not None and self._crash["type"] == "KeyboardInterrupt":
            _remember_interrupt()

    def finish(self, reason: str) -> None:
        """Close the session, once: `reason` unless a stop or a crash says more."""
        if self.over:
            return
        if self._crash is not None:
            reason = "interrupted" if self._crash["type"] == "KeyboardInterrupt" else "crashed"
        elif stops.requested() is not None:
            reason = f"stopped: {stops.requested()}"
        self._tell("finish", reason)
        self.over = True

    def detach(self) -> None:
        """Take everything back that was attached, then close the session."""
        for callback in self._callbacks:
            imports.forget(callback)
        self._tell("detach")
        self.finish("ended")
        stops.look_nowhere()


def start(root: str) -> None:
    """Watch this process, one of a command that writes in the run folder `root`. Never raises."""
    global _watch
    if _watch is not None:
        return
    try:
        _watch = Watch(root)
        _append(root, '{"pid": %d, "python": "%d.%d.%d"}' % (os.getpid(), *sys.version_info[:3]))  # noqa: UP031
        atexit.register(_watch.at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_watch.after_fork)
        _watch.catch_crashes()
        _watch.attach()
    except Exception as error:
        if _watch is not None:
            _watch.note(f"could not start watching: {type(error).__name__}: {error}")


class watch_here:  # noqa: N801 - used as a verb: `with watch_here(folder) as session:`
    """Watch this very process for the length of a with block; for notebooks and one's own launcher.

    Entering yields the session, with the libraries attached that are imported by then or will be. Leaving detaches
    and finishes it. A stop that was asked for ends the block, not the program. In a process that is watched already
    the block is no more than its contents, and entering yields the session that is there.
    """

    def __init__(self, folder: Path, wishes: Wishes | None = None) -> None:
        self.folder = folder
        self.wishes = wishes
        self._mine: Watch | None = None

    def __enter__(self) -> Any:
        global _watch
        if _watch is not None and not _watch.over:
            _watch.open_session()
            return _watch.session
        from ppodoctor.watching.settings import Wishes, forget_earlier

        forget_earlier(self.folder)
        wishes = self.wishes or Wishes()
        wishes.save(self.folder)
        self._mine = _watch = Watch(os.path.abspath(self.folder), wishes)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_watch.after_fork)
        atexit.register(_watch.at_exit)
        _watch.open_session()
        _watch.attach()
        return _watch.session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        global _watch
        mine = self._mine
        if mine is None:
            return False
        if error is not None and not isinstance(error, (stops.StopWatching, GeneratorExit)):
            mine.crashed(error, trace)
        mine.detach()
        atexit.unregister(mine.at_exit)
        _watch = None
        return isinstance(error, stops.StopWatching)


def _is_multiprocessing() -> bool:
    """Whether this interpreter was started by multiprocessing: a spawned process or the fork server."""
    words: list[str] | None = getattr(sys, "orig_argv", None)  # since Python 3.10
    if words is None:
        try:
            with open("/proc/self/cmdline", encoding="utf-8", errors="replace") as file:
                words = file.read().split("\0")
        except OSError:
            words = sys.argv
    return "--multiprocessing-fork" in words or any("multiprocessing.forkserver import" in word for word in words)


def _remember_interrupt() -> None:
    """Let the interpreter end by SIGINT, as it does after an uncaught KeyboardInterrupt.

    It keeps that in a flag, which any later `eval` of a string clears (a namedtuple's, in a module that we import)
    and which a string of code that raises sets again.
    """
    try:  # noqa: SIM105 - contextlib would be imported for this alone
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        pass


def _append(root: str, line: str) -> None:
    try:
        file = os.open(os.path.join(root, "watch", "events.jsonl"), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o666)
    except OSError:
        return
    try:
        os.write(file, (line + "\n").encode("utf-8", "replace"))
    except OSError:
        pass
    finally:
        os.close(file)
