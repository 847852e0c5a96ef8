"""Specimen files are what numpy itself would have written."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from ppodoctor import specimens
from ppodoctor.specimens import RolloutSpecimen, load_rollout, save_rollout

ARRAYS = {
    "scalar": np.array(3.5, np.float32),
    "none": np.zeros((0, 4), np.int64),
    "words": np.array(["a", "bcd"]),
    "bytes": np.frombuffer(b"{}", np.uint8),
    "turned": np.arange(12.0).reshape(3, 4).T,
    "part": np.arange(12, dtype=np.int32)[::3],
    "flags": np.array([[True, False]]),
    "0.größe": np.full((2, 1, 3), np.nan),
    "big": np.arange(3, dtype=">i2"),
}


@pytest.mark.parametrize("largest", [specimens._LARGEST, 0], ids=["ours", "numpy"])
def test_numpy_reads_what_was_written(largest, tmp_path, monkeypatch):
    monkeypatch.setattr(specimens, "_LARGEST", largest)
    path = tmp_path / "one.npz"
    specimens._save(path, ARRAYS)
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
    with np.load(path, allow_pickle=False) as found:
        assert sorted(found.files) == sorted(ARRAYS)
        for name, array in ARRAYS.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


def test_an_array_of_records_is_left_to_numpy(tmp_path):
    given = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "<i4"), ("b", "<f8")])
    specimens._save(tmp_path / "one.npz", {"given": given})
    with np.load(tmp_path / "one.npz") as found:
        assert found["given"].dtype == given.dtype
        assert np.array_equal(found["given"], given)


def test_every_header_is_numpy_s():
    for array in (np.zeros((7,) * n, np.float32) for n in range(5)):
        ours = specimens._header(array.dtype.str, array.shape)
        assert len(ours) % 64 == 0
        assert np.lib.format.read_magic(_Reader(ours)) == (1, 0)


class _Reader:
    """As much of a file as numpy asks for."""

    def __init__(self, data):
        self.data = data

    def read(self, count):
        found, self.data = self.data[:count], self.data[count:]
        return found


def test_a_rollout_comes_back(tmp_path):
    steps, count = 5, 3
    flags = np.zeros((steps, count), bool)
    numbers = np.random.default_rng(0).standard_normal((steps, count, 2)).astype(np.float32)
    given = RolloutSpecimen(
        update=2, stream=0, first_call=5, obs=numbers, next_obs=numbers + 1, action=flags.astype(np.int64),
        reward=numbers[..., 0], terminated=flags, truncated=~flags, done_seen=flags,
    )  # fmt: skip
    save_rollout(tmp_path / "rollout.npz", given)
    found = load_rollout(tmp_path / "rollout.npz")
    for name, value in vars(given).items():
        np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)
