"""A state tree goes into a file and comes back as it was; a file is whole or it is not there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ppodoctor.training import checkpoint
from ppodoctor.training.checkpoint import CheckpointError, TrainingWarning, latest, pack, read, write


def same(left, right):
    if isinstance(left, np.ndarray):
        return isinstance(right, np.ndarray) and left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, dict):
        return isinstance(right, dict) and list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)):
        return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


TREE = {
    "generator": np.random.default_rng(3).bit_generator.state,
    "legacy": np.random.RandomState(1).get_state(legacy=False),
    "arrays": [np.arange(6.0).reshape(2, 3), np.array(1.5, np.float32), np.zeros((0, 3), np.int64)],
    "flags": np.array([[True, False], [False, True]]),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "pixels": np.arange(8, dtype=np.uint8),
    "nothing": None,
    "tuple": (1, (2.5, "x"), {"a": True}),
    "numbers": {1: "one", 2: "two"},
    "infinite": float("inf"),
}


def test_a_tree_comes_back_as_it_was(tmp_path):
    write(tmp_path / "one.safetensors", TREE)
    assert same(read(tmp_path / "one.safetensors"), TREE)


def test_a_number_of_numpy_comes_back_as_a_plain_one():
    assert pack({"x": np.float64(2.5)}, {}) == pack({"x": 2.5}, {})


def test_what_is_no_data_is_refused_by_name():
    with pytest.raises(TypeError, match="holds a object"):
        pack({"x": [object()]}, {})


def test_nothing_is_left_of_a_write_that_failed(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    write(tmp_path / "one.safetensors", {"x": 1})
    monkeypatch.setattr(checkpoint.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "one.safetensors", {"x": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["one.safetensors"]
    assert read(tmp_path / "one.safetensors") == {"x": 1}


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path):
    for number in (3, 7):
        write(tmp_path / "checkpoints" / f"update-{number:09d}.safetensors", {"x": number})
    newest = tmp_path / "checkpoints" / "update-000000007.safetensors"
    whole = newest.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"\x00" * len(whole)):
        newest.write_bytes(damaged)
        with pytest.warns(TrainingWarning, match="000007.safetensors is damaged.*going on from update-000000003"):
            path, tree = latest(tmp_path)
        assert (path.name, tree) == ("update-000000003.safetensors", {"x": 3})


def test_a_file_of_another_kind_is_told_apart(tmp_path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(2)}, tmp_path / "policy.safetensors", metadata={"ppodoctor": json.dumps({"format": 1})})
    with pytest.raises(CheckpointError, match="no checkpoint of ppodoctor"):
        read(tmp_path / "policy.safetensors")


def test_where_there_is_none_it_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="no run folder"):
        latest(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="holds none"):
        latest(tmp_path)
