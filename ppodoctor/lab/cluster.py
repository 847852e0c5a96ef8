"""A Ray cluster, started or joined: used to run trials and for nothing else.

Ray's ports carry code. So a cluster that is started here asks for a token, made anew each time and given to head, nodes
and driver by name (Ray's own default covers the head alone), has no dashboard, and listens on this machine's loopback
alone unless an address for others is given. Nothing is read from or written to the user's Ray settings.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ppodoctor.lab.sqlite import LabError

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What keeps a new cluster on loopback: Ray rewrites a loopback address that it is given to the machine's own, on
systems on which it takes clusters of several machines for possible. Read once, when Ray is imported."""
OBJECT_STORE = 80 * 2**20
"""Bytes of shared memory: results of trials are small, and Ray would take a third of the machine."""
TOKEN_FILE = "ray-token"
LONGEST = 30
"""Letters of a folder below which Ray's sockets have a path that Unix takes."""


class Cluster:
    """A connection to a Ray cluster; `close` ends what was started. Use `start` or `join`."""

    def __init__(self, address: str, warnings: tuple[str, ...], undo: contextlib.ExitStack) -> None:
        self.address = address
        """HOST:PORT by which nodes join."""
        self.warnings = warnings
        """Sentences on who can reach it."""
        self._undo = undo

    @classmethod
    def start(cls, *, cpus: int, listen: str = "", token_folder: Path | None = None) -> Cluster:
        """A new cluster, this machine its head.

        Args:
            cpus: Trials' CPUs of this machine.
            listen: An address of this machine by which others can join; empty for loopback alone.
            token_folder: Where the token is written for those others, readable for this user alone, until `close`.

        Raises:
            LabError: Ray is missing or does not start.
        """
        token, undo = secrets.token_hex(32), contextlib.ExitStack()
        settings = {MODE: "token", TOKEN: token, TOKEN_PATH: None, "RAY_ADDRESS": None, "RAY_USAGE_STATS_ENABLED": "0"}
        try:
            undo.enter_context(_environment({**settings, **({} if listen else LOOPBACK_ONLY)}))
            ray = load_ray()
            place = _short_folder()
            undo.callback(shutil.rmtree, place, ignore_errors=True)
            given: dict[str, Any] = {"_node_ip_address": listen} if listen else {}
            undo.callback(ray.shutdown)
            given |= {"num_cpus": cpus, "object_store_memory": OBJECT_STORE, "_temp_dir": place}
            _init(ray, address="local", include_dashboard=False, **given)
            address = str(ray.get_runtime_context().gcs_address)
            if listen and token_folder is not None:
                undo.callback(_write_secret(token_folder / TOKEN_FILE, token).unlink, missing_ok=True)
            return cls(address, _reach(address, token_folder), undo)
        except BaseException:
            undo.close()
            raise

    @classmethod
    def join(cls, address: str) -> Cluster:
        """Join a cluster that runs already: HOST:PORT on a machine of it, or ray://HOST:PORT from elsewhere.

        Raises:
            LabError: there is no token, it is not the cluster's, or there is no cluster.
        """
        if not (os.environ.get(TOKEN) or os.environ.get(TOKEN_PATH)) and os.environ.get(MODE) != "disabled":
            raise LabError(
                f"no token for the Ray cluster at {address} was given; set {TOKEN_PATH} to the file that holds it, or "
                f"{TOKEN} to the token itself. A cluster without tokens runs whatever anybody sends who reaches it; "
                f"{MODE}=disabled says that this is wanted"
            )
        undo = contextlib.ExitStack()
        try:
            if os.environ.get(MODE) != "disabled":
                undo.enter_context(_environment({MODE: "token"}))
            ray = load_ray()
            undo.callback(ray.shutdown)
            _init(ray, address=address)
            return cls(address, _reach(address, None), undo)
        except BaseException:
            undo.close()
            raise

    def cpus(self) -> int:
        """CPUs of all nodes that live now."""
        return int(load_ray().cluster_resources().get("CPU", 0))

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._undo.close()


def load_ray() -> Any:
    """The library. Raises LabError where it is missing."""
    try:
        import ray
    except ModuleNotFoundError:
        raise LabError("--ray needs Ray: pip install 'ppodoctor[ray]'") from None
    return ray


def _init(ray: Any, **given: Any) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, configure_logging=False, **given)
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise LabError(
            f"Ray at {given['address']} did not let this process in ({type(error).__name__}: {first}); is it running, "
            "and is this its token?"
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGTERM, before)  # Ray takes it; whoever runs a study has its own


@contextlib.contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """These variables for a while; None for unset."""
    before = {name: os.environ.get(name) for name in changes}
    try:
        _set(changes)
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _short_folder() -> str:
    base = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="ppodoctor-", dir=base if len(base) <= LONGEST else "/tmp")


def _write_secret(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _reach(address: str, token_folder: Path | None) -> tuple[str, ...]:
    """What is to be said of an address that others can reach."""
    host = address.removeprefix("ray://").rpartition(":")[0].strip("[]")
    try:
        if ipaddress.ip_address(host).is_loopback:
            return ()
    except ValueError:
        if host == "localhost":
            return ()
    warning = (
        f"others can reach the Ray cluster at {address}; Ray listens on every address of this machine. Whoever has the "
        "token runs code on every node, and nothing is encrypted: keep it inside a network that you trust"
    )
    if token_folder is not None:
        path = (token_folder / TOKEN_FILE).absolute()
        return warning, f"other machines join by {MODE}=token {TOKEN_PATH}={path} ray start --address={address} --block"
    return (warning,)
