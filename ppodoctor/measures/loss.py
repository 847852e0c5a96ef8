"""What a loss is, as its graph tells it: plain data, filled by `measures.reading`.

Everything is elementwise over the samples of one backward call (`B` of them) unless said otherwise, and signs are those
of the loss that the script minimises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from ppodoctor.records import Site

Array = Any


@dataclass(frozen=True)
class Term:
    """One additive term of the minimised loss."""

    kind: str
    """surrogate, policy_gradient (no ratio), value, entropy, log_prob, penalty or unknown."""
    coefficient: float
    """What multiplies the term on its way to the root, sign included, reductions taken out. For kind "surrogate" the
    term is the objective min(r A, clip(r) A), for "value" the squared error, for "entropy" the entropy H itself: a
    correct loss has coefficients -1, +c and -c."""
    reduction: str
    """mean, sum, none, or mixed (say "mean of sums")."""
    elements: int
    """Numbers that were reduced. B for a correct loss; B * B after a broadcast; B * d when not summed over d."""
    shape: Tuple[int, ...] = ()
    """Shape before reduction."""
    root: int = 0
    """Which root of the backward call (several only for autograd.backward([...]))."""
    node: int = -1
    site: Optional[Site] = None
    policy_parameters: bool = False
    """Does its gradient reach a parameter that the surrogate's gradient reaches?"""
    value_parameters: bool = False
    """Does its gradient reach the value head?"""


@dataclass(frozen=True)
class Surrogate:
    """The policy term and what it is made of."""

    sign: int
    """+1 when the minimised loss falls as the objective rises (right); -1 when the objective is minimised."""
    form: str
    """How the ratio is formed: exp_difference, quotient, log_difference (no exp), probability (no old policy), none."""
    inverted: bool
    """The ratio is old / new: its logarithm falls when the action becomes likelier."""
    ratio: Optional[Array]
    """[B] or as broadcast; after the exponential."""
    ratio_shape: Tuple[int, ...]
    advantage: Optional[Array]
    """As multiplied with the ratio, sign normalised so that the objective is ratio * advantage."""
    advantage_shape: Tuple[int, ...]
    advantage_has_grad: bool
    """The advantage was not detached: the surrogate's gradient flows into the critic (or further)."""
    old_has_grad: bool
    """The old log-probability carries a gradient."""
    clip_low: Optional[float]
    clip_high: Optional[float]
    """Bounds of the clamp; None where that side is open or no clamp exists."""
    clip_on: str
    """ratio, log_ratio, product (of ratio and advantage), none or elsewhere."""
    combine: str
    """min (pessimistic, right), max, none (one branch only) - of the maximised objective."""
    combine_checked: bool = True
    """False when the combination was inferred from structure but could not be confirmed on the numbers."""
    log_prob_new: Optional[Array] = None
    log_prob_old: Optional[Array] = None
    site: Optional[Site] = None
    ratio_site: Optional[Site] = None
    clip_site: Optional[Site] = None
    advantage_site: Optional[Site] = None


@dataclass(frozen=True)
class ValueLoss:
    """The value term and what it is made of."""

    error: str
    """squared, huber, smooth_l1, absolute or unknown."""
    prediction: Optional[Array]
    """[B] value prediction as it enters the error (before any clipping)."""
    prediction_shape: Tuple[int, ...]
    target: Optional[Array]
    """[B] what it is regressed on."""
    target_shape: Tuple[int, ...]
    elements: int
    """Numbers in the error: B * B after a broadcast."""
    target_has_grad: bool
    """The target was not detached."""
    clipped: bool
    clip_range: Optional[float] = None
    old_prediction: Optional[Array] = None
    site: Optional[Site] = None
    head: str = ""
    """The activation that the prediction comes straight out of (Tanh, Sigmoid, Relu); empty for a plain layer."""


@dataclass(frozen=True)
class EntropyTerm:
    """The entropy bonus."""

    form: str
    """categorical (full sum of -p log p), gaussian (from the scale alone), beta, chosen (from the taken action only),
    other or unknown."""
    value: Optional[Array]
    """[B] or scalar: the quantity whose mean is taken, in nats, sign as an entropy."""
    expected: Optional[Array] = None
    """[B]: the closed-form entropy of the same distribution, where logits or scale are known."""
    site: Optional[Site] = None


@dataclass(frozen=True)
class PolicyHead:
    """The action distribution at the training samples, as far as the graph shows it."""

    kind: str
    """categorical, gaussian, beta, or unknown."""
    logits: Optional[Array] = None
    """[B, A] normalised log-probabilities (categorical)."""
    mean: Optional[Array] = None
    std: Optional[Array] = None
    """[B, d] or [d] (gaussian)."""
    action: Optional[Array] = None
    """[B] index or [B, d] value: the action whose log-probability is taken."""
    std_depends_on_state: Optional[bool] = None
    concentration: Optional[Array] = None
    """[B, d, 2] (beta); its mean, std and action are those in (0, 1)."""


@dataclass(frozen=True)
class LossReading:
    """One backward call, read."""

    update: int
    index: int
    version: int
    terms: Tuple[Term, ...]
    surrogate: Optional[Surrogate] = None
    value: Optional[ValueLoss] = None
    entropy: Optional[EntropyTerm] = None
    head: Optional[PolicyHead] = None
    batch: int = 0
    """B: samples in the first layer's input."""
    inputs: Dict[int, Array] = field(default_factory=dict)
    """First layer (module identity, or -node where unknown) -> its input [B, D]."""
    policy_inputs: Optional[Array] = None
    """[B, D] input of the first layer below the surrogate."""
    value_inputs: Optional[Array] = None
    """[B, D] input of the first layer below the value prediction."""
    policy_parameters: Tuple[int, ...] = ()
    value_parameters: Tuple[int, ...] = ()
    unread: Tuple[str, ...] = ()
    """Sentences about parts that could not be read."""

    @property
    def text(self) -> str:
        """The loss as one line, e.g. "- mean(min(r A, clip(r, 0.8, 1.2) A)) + 0.5 mean((V - R)^2) - 0.01 mean(H)"."""
        from ppodoctor.measures.wording import loss_text

        return loss_text(self)
