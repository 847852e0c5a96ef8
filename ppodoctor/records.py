"""The rows and facts a Run is made of. Each column is defined once, here, with meaning, estimator, sign and unit.

Loaded inside the watched process too: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Dict, List, Optional, Tuple

SCHEMA = 1
"""Version of the run folder's format; a reader refuses a newer one with a sentence."""


def measured(meaning: str, *, unit: str = "", over: str = "") -> Any:
    """A column: None means that it was not observed. `over` says what it is averaged over."""
    return field(default=None, metadata={"meaning": meaning, "unit": unit, "over": over})


_READ = "the minibatches of the update that were read"


@dataclass
class UpdateRecord:
    """One policy update: everything between one rollout and the next. An absent column was not observed."""

    update: int = field(metadata={"meaning": "number of the policy update, from 1", "unit": "", "over": ""})
    step: int = field(
        metadata={"meaning": "environment steps taken when the update began", "unit": "steps", "over": ""}
    )
    wall: float = field(metadata={"meaning": "time since watching began", "unit": "s", "over": ""})
    rollout_steps: Optional[int] = measured("environment steps since the last update, all environments", unit="steps")
    episode_return: Optional[float] = measured(
        "mean return of the episodes that ended since the last update, innermost (raw) reward", unit="reward"
    )
    episode_length: Optional[float] = measured("mean length of the same episodes", unit="steps")
    episodes: Optional[int] = measured("episodes that ended since the last update")
    reward_mean: Optional[float] = measured("mean reward as the script receives it", unit="reward", over="the rollout")
    reward_std: Optional[float] = measured("standard deviation of the same", unit="reward", over="the rollout")
    reward_abs_max: Optional[float] = measured("largest absolute reward received", unit="reward", over="the rollout")
    reward_zero_share: Optional[float] = measured("share of steps with reward exactly 0", over="the rollout")
    action_mode_share: Optional[float] = measured("share of the most frequent discrete action", over="the rollout")
    action_bound_share: Optional[float] = measured(
        "share of Box action components at or beyond a bound of the space", over="the rollout"
    )
    policy_loss: Optional[float] = measured(
        "policy term as it enters the minimised loss, without regularisers", over=_READ
    )
    value_loss: Optional[float] = measured("mean squared error of the value prediction, no coefficient", over=_READ)
    entropy: Optional[float] = measured(
        "mean entropy of the action distribution; higher explores more; differential for Box", unit="nats", over=_READ
    )
    entropy_share: Optional[float] = measured(
        "entropy divided by its maximum, the sum of ln(choices) over the action's dimensions; discrete only", over=_READ
    )
    action_std: Optional[float] = measured("mean standard deviation of a Gaussian policy", unit="action", over=_READ)
    approx_kl: Optional[float] = measured(
        "k3 estimator E[(r - 1) - log r] of KL(old || new)", unit="nats", over="the last minibatch that was read"
    )
    clip_fraction: Optional[float] = measured(
        "share of samples with |r - 1| above the clip range", over="the last minibatch that was read"
    )
    ratio_first: Optional[float] = measured("mean |r - 1| in the first minibatch of the update; 0 when in order")
    ratio_max: Optional[float] = measured("largest ratio", over=_READ)
    ratio_min: Optional[float] = measured("smallest ratio", over=_READ)
    advantage_mean: Optional[float] = measured("mean advantage as the surrogate uses it", over=_READ)
    advantage_std: Optional[float] = measured("standard deviation of the same", over=_READ)
    gain_corr: Optional[float] = measured(
        "correlation of advantage with log r in the last minibatch that was read; above 0 when the update works"
    )
    explained_variance: Optional[float] = measured(
        "1 - Var(target - value) / Var(target), first minibatch, before its step"
    )
    value_mean: Optional[float] = measured("mean value prediction", unit="reward", over="the first minibatch")
    value_std: Optional[float] = measured("standard deviation of the same", unit="reward", over="the first minibatch")
    target_mean: Optional[float] = measured("mean value target", unit="reward", over="the first minibatch")
    target_std: Optional[float] = measured("standard deviation of the same", unit="reward", over="the first minibatch")
    target_abs_max: Optional[float] = measured(
        "largest absolute value target", unit="reward", over="the first minibatch"
    )
    grad_norm: Optional[float] = measured("gradient norm before clipping, all parameters of the step", over=_READ)
    grad_norm_after: Optional[float] = measured("gradient norm at the optimizer step, after clipping", over=_READ)
    update_size: Optional[float] = measured("norm of one optimizer step over the norm of the parameters", over=_READ)
    learning_rate: Optional[float] = measured("learning rate of the first parameter group at the last step")
    optimizer_steps: Optional[int] = measured("optimizer steps in the update (of the policy's optimizer)")
    backwards: Optional[int] = measured("backward calls in the update")
    minibatch_size: Optional[int] = measured("samples in one policy loss", unit="samples")
    dead_share: Optional[float] = measured("share of ReLU units at 0 for every sample", over="the first minibatch")
    saturated_share: Optional[float] = measured(
        "share of tanh or sigmoid outputs within 1% of a limit", over="the first minibatch"
    )
    policy_grad_norm: Optional[float] = measured(
        "norm of the policy loss's gradient on the policy's parameters", over=_READ
    )
    value_grad_share: Optional[float] = measured(
        "share of the value loss in the gradient of parameters shared with the policy", over="the first minibatch"
    )


@dataclass
class EpisodeRecord:
    """One finished episode of one environment."""

    step: int
    """Environment steps (all environments of the stream) when it ended."""
    stream: int
    """Which outermost environment object: index into the run's `envs`."""
    env: int
    """Index inside a vector environment, else 0."""
    ret: float
    """Sum of innermost (raw) rewards where these are visible, else of the rewards received."""
    ret_seen: float
    """Sum of rewards as the script received them (after reward wrappers)."""
    length: int
    terminated: bool
    truncated: bool
    update: int = 0
    """Policy updates finished when it ended."""


@dataclass
class Site:
    """A place in source code. `file` is as Python named it; `line` counts from 1."""

    file: str
    line: int
    function: str = ""
    code: str = ""
    """The stripped text of that line when it was readable."""

    def __str__(self) -> str:
        return f"{self.file.rsplit('/', 1)[-1]}:{self.line}"


@dataclass
class SpaceFacts:
    """An observation or action space. `kind` is Box, Discrete, MultiDiscrete, MultiBinary, Dict, Tuple or unknown."""

    kind: str = "unknown"
    shape: Tuple[int, ...] = ()
    n: Optional[int] = None
    """Number of actions or values (Discrete)."""
    nvec: Tuple[int, ...] = ()
    low: Tuple[float, ...] = ()
    """Flattened bounds, first 64 entries; infinities are written as +-1e308."""
    high: Tuple[float, ...] = ()
    dtype: str = ""


@dataclass
class EnvFacts:
    """One outermost environment object that the script stepped (a "stream")."""

    stream: int
    cls: str = ""
    """Qualified class name of the outermost object."""
    layers: Tuple[str, ...] = ()
    """Class names from outermost to innermost, wrappers included."""
    api: str = ""
    """gymnasium, gym, vector, sb3, envpool or own."""
    returns: int = 5
    """Values returned by step: 4 or 5."""
    num_envs: int = 1
    """Columns of its rollouts: copies of a vector environment, or agents (named in `facts`) of a single one."""
    spec_id: Optional[str] = None
    spec_kwargs: Dict[str, Any] = field(default_factory=dict)
    max_episode_steps: Optional[int] = None
    autoreset: str = "none"
    """none (the script resets), same_step, next_step, disabled or unknown."""
    observation: SpaceFacts = field(default_factory=SpaceFacts)
    action: SpaceFacts = field(default_factory=SpaceFacts)
    made_at: Optional[Site] = None
    stepped_at: Optional[Site] = None
    reset_at: Optional[Site] = None
    steps: int = 0
    """Environment steps, all sub-environments."""
    resets: int = 0
    seeds: Tuple[Optional[int], ...] = ()
    """Seeds given to reset or seed, first 64, in order."""
    role: str = "train"
    """train, or evaluate when none of its steps reached a policy update."""
    first_observations_equal: Optional[bool] = None
    """True when every reset (or every sub-environment's first reset) gave the same observation."""
    returned_array_reused: Optional[bool] = None
    """True when step returned the same array object again with other content, so that storing it aliases."""
    stepped_after_end: int = 0
    """Steps taken on an environment that had reported its end and was not reset."""
    baseline: Dict[str, Any] = field(default_factory=dict)
    """Returns of simple policies measured in a fresh copy: {"random": [..], "zero": [..], "constant": [..]}."""
    facts: Dict[str, Any] = field(default_factory=dict)
    """Further observed numbers: observation range per dimension, action effect, ..."""

    @property
    def alone(self) -> bool:
        """One environment, of one agent or of several, that is reset and seeded as a whole."""
        return self.num_envs == 1 or "agents" in self.facts


@dataclass
class OptimizerFacts:
    """One optimizer object."""

    index: int
    cls: str
    made_at: Optional[Site] = None
    groups: List[Dict[str, Any]] = field(default_factory=list)
    """Per parameter group: lr, eps, weight_decay, betas, maximize, parameters (indices into the run's `parameters`)."""
    steps: int = 0


@dataclass
class ParameterFacts:
    """One trainable tensor, in the order it was first met."""

    index: int
    name: str
    """Name inside the largest module that holds it, else param<index>."""
    module: str
    """Class of the module that holds it directly."""
    shape: Tuple[int, ...] = ()
    requires_grad: bool = True
    optimizers: Tuple[int, ...] = ()
    role: str = ""
    """policy, value, shared or none: which loss terms reach it."""
    grad_seen: bool = False
    moved: Optional[bool] = None
    """Did it change over the first optimizer steps?"""


@dataclass
class Note:
    """Something the watcher could not see or do, and what would show it."""

    tap: str
    text: str
    remedy: str = ""


@dataclass
class Setting:
    """A hyper-parameter as observed (not as named in the script)."""

    value: Any
    where: Optional[Site] = None
    how: str = "observed"
    """observed (read from the computation), fitted, or declared (read from the producer's configuration)."""


def columns() -> Dict[str, Dict[str, str]]:
    """Every column of `updates.jsonl`: name -> meaning, unit, over. The glossary is generated from this."""
    return {f.name: dict(f.metadata) for f in fields(UpdateRecord)}


_PLAIN = frozenset((bool, int, float, str, type(None)))


def to_dict(record: Any) -> Dict[str, Any]:
    """A record as JSON-ready data, without the columns that were not observed."""
    own = vars(record)
    whole = own if _PLAIN.issuperset(map(type, own.values())) else asdict(record)
    return {name: value for name, value in whole.items() if value is not None}


def from_dict(kind: Any, data: Dict[str, Any]) -> Any:
    """A record from JSON data; unknown keys (of a later version) are dropped, missing ones raise ValueError."""
    known = {f.name: f for f in fields(kind)}
    values = {name: _nested(known[name], value) for name, value in data.items() if name in known}
    missing = [n for n, f in known.items() if n not in values and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise ValueError(
            f"a {kind.__name__} needs {', '.join(missing)}; the row has {', '.join(sorted(data)) or 'nothing'}"
        )
    return kind(**values)


def from_flat_dicts(kind: Any, rows: List[Dict[str, Any]]) -> List[Any]:
    """Many records at once, of a kind whose fields are plain numbers; TypeError when a row lacks one that it needs."""
    known = {f.name for f in fields(kind)}
    return [kind(**(row if row.keys() <= known else {k: v for k, v in row.items() if k in known})) for row in rows]


_NESTED = {
    "made_at": Site,
    "stepped_at": Site,
    "reset_at": Site,
    "where": Site,
    "observation": SpaceFacts,
    "action": SpaceFacts,
}


def _nested(declared: Any, value: Any) -> Any:
    kind = _NESTED.get(declared.name)
    if kind is not None and isinstance(value, dict):
        return from_dict(kind, value)
    if isinstance(value, list) and "Tuple" in str(declared.type):
        return tuple(value)
    return value
