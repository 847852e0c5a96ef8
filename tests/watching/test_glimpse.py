"""A glimpse gives the columns that a full reading gives, or nothing."""

from __future__ import annotations

import losses
import pytest
import torch

from ppodoctor.measures.reading import read_loss
from ppodoctor.measures.telemetry import head_columns, policy_columns, value_columns
from ppodoctor.watching.glimpse import ENOUGH, Glimpses, kind_of
from ppodoctor.watching.layer_calls import LayerCalls
from ppodoctor.watching.loss_graph import GraphReader
from ppodoctor.watching.parameters import Parameters
from ppodoctor.watching.sites import frame_sites
from ppodoctor.watching.trace import Trace

# Of these the reader has every number right behind a node; the clip range of `where_form` is in no node.
GLIMPSED = [one for one in losses.ALL_RIGHT if one.__name__ != "where_form"]


def reader() -> GraphReader:
    layers = LayerCalls(torch, lambda: (0, 0), lambda: 0)
    return GraphReader(torch, Parameters(torch).number, layers.module_of, Trace(torch, lambda: frame_sites(skip=2)))


def columns(reading) -> dict[str, float]:
    return {**policy_columns(reading), **value_columns(reading), **head_columns(reading)}


def taught(make, times: int = ENOUGH) -> tuple[Glimpses, GraphReader]:
    """Glimpses that saw full readings of a loss over several batches."""
    eyes = reader()
    glimpses = Glimpses(eyes.output)
    for seed in range(times):
        roots = (make(losses.data(seed)),)
        graph = eyes.read(roots, full=bool(seed % 2))
        glimpses.learn(kind_of(roots), graph, read_loss(graph))
    return glimpses, eyes


@pytest.mark.parametrize("make", GLIMPSED, ids=lambda one: one.__name__)
def test_gives_the_columns_of_a_full_reading(make):
    glimpses, eyes = taught(make)
    for seed in (11, 12, 13):
        roots = (make(losses.data(seed)),)
        assert glimpses.ready(kind_of(roots))
        glimpsed = columns(glimpses.read(kind_of(roots), roots))
        read = columns(read_loss(eyes.read(roots, full=False)))
        assert glimpsed == pytest.approx(read, rel=1e-4, abs=1e-6)
        assert {"approx_kl", "advantage_std", "gain_corr", "clip_fraction"} <= set(glimpsed)


def test_needs_several_readings():
    glimpses, _ = taught(losses.standard, times=ENOUGH - 1)
    assert not glimpses.ready(kind_of((losses.standard(losses.data(5)),)))


def test_first_minibatches_alone_tell_nothing():
    """Before any step the ratio is 1 wherever one looks: no place of it can be told from another."""

    def unmoved(batch):
        ratio = (batch.dist().log_prob(batch.index) - batch.dist().log_prob(batch.index).detach()).exp()
        return -losses.clipped(ratio, batch.advantage).mean() + ((batch.value() - batch.target) ** 2).mean()

    glimpses, _ = taught(unmoved)
    assert not glimpses.ready(kind_of((unmoved(losses.data(7)),)))


def test_follows_a_clip_range_that_changes():
    def annealed(eps):
        def make(batch):
            ratio = (batch.dist().log_prob(batch.index) - batch.old).exp()
            return -losses.clipped(ratio, batch.advantage, eps).mean()

        return make

    glimpses, eyes = taught(annealed(0.2))
    roots = (annealed(0.05)(losses.data(11)),)
    glimpsed = glimpses.read(kind_of(roots), roots)
    assert (glimpsed.surrogate.clip_low, glimpsed.surrogate.clip_high) == pytest.approx((0.95, 1.05))
    assert policy_columns(glimpsed) == pytest.approx(policy_columns(read_loss(eyes.read(roots, full=True))))


def test_a_loss_that_goes_another_way_is_not_glimpsed_at():
    """Alike near the root, but the ratio is formed otherwise."""
    glimpses, _ = taught(losses.standard)
    kind = kind_of((losses.standard(losses.data(11)),))

    def other(batch):
        ratio = batch.dist().log_prob(batch.index).exp() / batch.old.exp()
        value_loss = ((batch.value() - batch.target) ** 2).mean()
        return -losses.clipped(ratio, batch.advantage).mean() + 0.5 * value_loss - 0.01 * batch.dist().entropy().mean()

    assert glimpses.read(kind, (other(losses.data(11)),)) is None


def test_another_batch_size_is_read_as_well():
    glimpses, eyes = taught(losses.standard)
    batch = losses.data(11)
    for name in ("obs", "index", "box", "old", "old_box", "advantage", "target"):
        setattr(batch, name, getattr(batch, name)[:5])
    roots = (losses.standard(batch),)
    glimpsed = glimpses.read(kind_of(roots), roots)
    assert glimpsed.batch == 5
    assert columns(glimpsed) == pytest.approx(columns(read_loss(eyes.read(roots, full=False))), rel=1e-4, abs=1e-6)


def test_samples_of_sequences_are_counted():
    """[T, B] ratios and advantages are T * B samples, also where no input says so."""

    def sequences(b):
        ratio = (losses.square(b, b.dist().log_prob(b.index)) - losses.square(b, b.old)).exp()
        return -losses.clipped(ratio, losses.square(b, b.advantage)).mean() + (b.value() - b.target).pow(2).mean()

    glimpses, eyes = taught(sequences)
    roots = (sequences(losses.data(11)),)
    read = read_loss(eyes.read(roots, full=False))
    assert read.surrogate.ratio.ndim == 2
    assert glimpses.read(kind_of(roots), roots).batch == read.batch == read.surrogate.ratio.size
