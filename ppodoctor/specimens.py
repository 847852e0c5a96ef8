"""Raw tensors of a few rollouts and minibatches, as written to `specimens/*.npz`.

Plain numpy, no pickle; loaded inside the watched process too (Python 3.9 or later).
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from ppodoctor.records import Site, from_dict

Array = Any  # np.ndarray; spelled Any because numpy's own aliases differ between the versions users have


@dataclass
class RolloutSpecimen:
    """The environment steps of one stream between two policy updates.

    Leading axes are time `T` (calls of step on the outermost object) and environment `N` (1 for a single one).
    Observations are flattened to `D` numbers and, beyond 512, thinned by a fixed stride (`obs_stride`).
    """

    update: int
    """The policy update that these steps precede, from 1."""
    stream: int
    first_call: int
    """How many step calls the stream had seen before row 0."""
    obs: Array
    """[T, N, D] what the policy acted on: the last observation returned before this step (by step or reset)."""
    next_obs: Array
    """[T, N, D] the true successor: the final observation at an episode's end where it is known, else as returned."""
    action: Array
    """[T, N, ...] as sent to the outermost step."""
    reward: Array
    """[T, N] float64, as returned by the outermost step."""
    terminated: Array
    """[T, N] bool. With a 4-value API: done and not a time limit (info's TimeLimit.truncated)."""
    truncated: Array
    """[T, N] bool."""
    done_seen: Array
    """[T, N] bool: the flag a script that reads the API literally sees as done (4-value: done; 5-value: terminated)."""
    raw_reward: Optional[Array] = None
    """[T, N] innermost reward, before wrappers, where it is visible."""
    inner_action: Optional[Array] = None
    """[T, N, ...] the action that reached the innermost environment, where it is visible."""
    filler: Optional[Array] = None
    """[T, N] bool: rows inserted by next-step auto-reset (action ignored, reward 0)."""
    reset_before: Optional[Array] = None
    """[T, N] bool: obs[t] came from a reset (or auto-reset), so the episode starts at row t."""
    last_obs: Optional[Array] = None
    """[N, D] the observation the next action will be chosen on (after the last row; a reset's where one followed)."""
    final_known: Optional[Array] = None
    """[T, N] bool: at an end, whether next_obs is the true final observation (else it is the next episode's first)."""
    obs_stride: int = 1
    obs_shape: Tuple[int, ...] = ()


@dataclass
class ModuleCalls:
    """Calls of one layer of a network: a first layer's inputs, or a head's outputs, with the step they belong to.

    A call at `step` s of stream e happened after s step calls of e. In a rollout of e whose `first_call` is f it sees
    obs[s - f] if it belongs to acting; calls made during the update carry the last step's s too. `version` counts
    optimizer steps before the call: equal versions mean equal parameters.
    """

    module: int
    """Identity within the run, shared with the graph nodes' `module`."""
    cls: str
    role: str = ""
    """"first" (inputs kept), "head" (outputs kept) or "" (both kept, not known yet)."""
    step: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    """[K] step calls of that stream before the call."""
    stream: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    """[K] the stream that was stepped or reset last before the call."""
    version: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    """[K] optimizer steps (all optimizers) before the call."""
    grad: Array = field(default_factory=lambda: np.zeros(0, bool))
    """[K] the call was made with gradients on."""
    training: Array = field(default_factory=lambda: np.zeros(0, bool))
    """[K] module.training at the call."""
    order: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    """[K] running number over all recorded calls of all modules: tells which call came first."""
    rows: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    """[K] rows in the call; inputs and outputs are concatenated over calls."""
    inputs: Optional[Array] = None
    """[sum(rows), D]"""
    outputs: Optional[Array] = None
    """[sum(rows), O]"""


@dataclass
class GraphNode:
    """One operation of the autograd graph of a loss, from the root (index 0) towards the leaves."""

    op: str
    """torch's name without "Backward" and number: "Mul", "Minimum", "Clamp", "Addmm", "Accumulate", ..."""
    inputs: Tuple[int, ...] = ()
    """Node index per input edge; -1 where the input needs no gradient."""
    attrs: Dict[str, Any] = field(default_factory=dict)
    """Scalars saved on the node: min, max, exponent, dim, alpha, reduction, sizes, ..."""
    saved: Tuple[str, ...] = ()
    """Names of the arrays kept for this node; the array of name s of node i is `arrays["i.s"]`."""
    param: int = -1
    """Index into the run's parameters (op "Accumulate" only)."""
    module: int = -1
    """Module identity for a layer's matrix product or convolution, when known."""
    site: Optional[Site] = None
    """The script's line that made this node, when it was traced."""
    library_site: Optional[Site] = None
    """The innermost line outside torch, when that lies in a library rather than in the script."""


@dataclass
class LossGraph:
    """The graph of one backward call, cut at the network's layers, with the tensors autograd saved on it."""

    nodes: List[GraphNode]
    arrays: Dict[str, Array]
    roots: Tuple[int, ...] = (0,)
    truncated: bool = False
    """True when the graph was larger than the reader's bound."""

    def array(self, node: int, name: str) -> Optional[Array]:
        """The array saved as `name` on node `node`, or None."""
        return self.arrays.get(f"{node}.{name}")


@dataclass
class MinibatchSpecimen:
    """One backward call of an update."""

    update: int
    index: int
    """Number of the backward call within the update, from 0."""
    version: int
    """Optimizer steps (all optimizers) taken before it."""
    step: int
    """Step calls of the training stream before it."""
    graph: LossGraph
    loss: Optional[float] = None
    facts: Dict[str, Any] = field(default_factory=dict)
    """Observed around it: stale_grad (gradients not zeroed), grad_norm, clip_norm, sites of zero_grad, ..."""


def next_specimen(after: int) -> int:
    """The first update behind this one whose raw tensors are kept: 1, 2, 3, then the powers of four from 16 on."""
    if after < 3:
        return after + 1
    update = 16
    while update <= after:
        update *= 4
    return update


def _pack(meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> Dict[str, Array]:
    packed = {name: np.asarray(value) for name, value in arrays.items() if value is not None}
    packed["meta"] = np.frombuffer(json.dumps(meta, default=_plain).encode(), dtype=np.uint8)
    return packed


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)


def _split(record: Any) -> Tuple[Dict[str, Any], Dict[str, Array]]:
    """Array fields and the others of a flat dataclass."""
    meta, arrays = {}, {}
    for name, value in vars(record).items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            meta[name] = value
    return meta, arrays


def _save(path: Path, arrays: Mapping[str, Array]) -> None:
    """As np.savez does it, at a tenth of the time: a specimen is many small arrays."""
    files = {f"{name}.npy".encode(): np.asarray(array) for name, array in arrays.items()}
    plain = all(array.dtype.kind in "biufcSU" for array in files.values()) and len(files) < 65_000
    if not plain or sum(array.nbytes for array in files.values()) > _LARGEST:
        np.savez(str(path), **arrays)
        return
    parts: List[bytes] = []
    directory: List[bytes] = []
    at = 0
    for name, array in files.items():
        data = _header(array.dtype.str, array.shape) + array.tobytes()
        # version 2.0, names in UTF-8, stored, 1 January 1980
        facts = struct.pack("<5H3I2H", 20, 0x800, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(name), 0)
        parts += [b"PK\x03\x04", facts, name, data]
        directory += [b"PK\x01\x02\x14\x00", facts, struct.pack("<3H2I", 0, 0, 0, 0, at), name]
        at += 4 + len(facts) + len(name) + len(data)
    size = sum(map(len, directory))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(files), len(files), size, at, 0)
    path.write_bytes(b"".join([*parts, *directory, end]))


_LARGEST = 2**31
"""Bytes; a larger file takes a format of its own, which numpy knows."""


@lru_cache(maxsize=256)
def _header(kind: str, shape: Tuple[int, ...]) -> bytes:
    """What stands before the numbers of an array in C order (numpy.lib.format, version 1.0)."""
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


def save_rollout(path: Path, rollout: RolloutSpecimen) -> None:
    """Write one rollout to `path` (.npz, no pickle)."""
    _save(path, _pack(*_split(rollout)))


def save_calls(path: Path, calls: List[ModuleCalls]) -> None:
    """Write the recorded layer calls of one rollout to `path`."""
    metas, arrays = [], {}
    for i, call in enumerate(calls):
        meta, own = _split(call)
        metas.append(meta)
        arrays.update({f"{i}.{name}": value for name, value in own.items()})
    _save(path, _pack({"calls": metas}, arrays))


def save_minibatch(path: Path, minibatch: MinibatchSpecimen) -> None:
    """Write one minibatch with its loss graph to `path`."""
    graph = minibatch.graph
    meta = {name: value for name, value in vars(minibatch).items() if name != "graph"}
    meta["graph"] = {
        "nodes": [_described(node) for node in graph.nodes],
        "roots": graph.roots,
        "truncated": graph.truncated,
    }
    _save(path, _pack(meta, graph.arrays))


def _described(node: GraphNode) -> Dict[str, Any]:
    """Without what is not known. `asdict` copies deeply, which took most of the time of writing a specimen."""
    known = {name: value for name, value in vars(node).items() if value not in (None, (), {}, -1)}
    return {name: asdict(value) if isinstance(value, Site) else value for name, value in known.items()}


def _read(path: Path) -> Tuple[Dict[str, Any], Dict[str, Array]]:
    with zipfile.ZipFile(path) as data:
        arrays = {name[: -len(".npy")]: _array(data.read(name)) for name in data.namelist()}
    return json.loads(arrays.pop("meta").tobytes().decode()), arrays


# As numpy writes it: a dictionary in one line. numpy itself evaluates it as Python, which takes most of a load's time.
_HEADER = re.compile(rb"\{'descr': '([<>|=][biufc]\d+)', 'fortran_order': (False|True), 'shape': \(([\d, ]*)\), \}\s*")


def _array(raw: bytes) -> Array:
    """One array of an .npz file; ValueError when it is damaged. Objects are never unpickled."""
    start = 10 + int.from_bytes(raw[8:10], "little")
    header = _HEADER.fullmatch(raw[10:start]) if raw[:8] == b"\x93NUMPY\x01\x00" else None
    if header is None:
        return np.load(io.BytesIO(raw), allow_pickle=False)
    shape = tuple(int(n) for n in header[3].split(b",") if n.strip())
    found = np.frombuffer(raw, np.dtype(header[1].decode()), offset=start)
    return found.reshape(shape, order="F" if header[2] == b"True" else "C").copy()


def load_rollout(path: Path) -> RolloutSpecimen:
    """Read what `save_rollout` wrote. Raises ValueError, KeyError, OSError or zipfile.BadZipFile on damage."""
    meta, arrays = _read(path)
    meta["obs_shape"] = tuple(meta.get("obs_shape", ()))
    return RolloutSpecimen(**meta, **arrays)


def load_calls(path: Path) -> List[ModuleCalls]:
    """Read what `save_calls` wrote."""
    meta, arrays = _read(path)
    calls = []
    for i, own in enumerate(meta["calls"]):
        prefix = f"{i}."
        calls.append(ModuleCalls(**own, **{n[len(prefix) :]: a for n, a in arrays.items() if n.startswith(prefix)}))
    return calls


def load_minibatch(path: Path) -> MinibatchSpecimen:
    """Read what `save_minibatch` wrote."""
    meta, arrays = _read(path)
    data = meta.pop("graph")
    nodes = [_node(entry) for entry in data["nodes"]]
    graph = LossGraph(nodes, arrays, roots=tuple(data["roots"]), truncated=bool(data["truncated"]))
    return MinibatchSpecimen(graph=graph, **meta)


def _node(entry: Dict[str, Any]) -> GraphNode:
    for name in ("site", "library_site"):
        if entry.get(name):
            entry[name] = from_dict(Site, entry[name])
    for name in ("inputs", "saved"):
        entry[name] = tuple(entry.get(name, ()))
    return GraphNode(**entry)
