"""The compiled core: PPO for two dense networks on a CPU, fused and without torch.

A narrow door. `available()` says whether this installation has it, `misfit(...)` what keeps a run from using it, and
`Learner` acts and learns: with arrays of any Python environment (`start`, `act`, `observe`, `update`), or with the
classic-control tasks that it steps itself (`attach`, `train`). `train_together` trains several at once.
"""

from ppodoctor.core.fit import Spec, available, fits, is_kind, misfit, spec_of, why_not
from ppodoctor.core.learner import Learner, NotFinite, cancel, cancellations, train_together
from ppodoctor.core.tasks import TASKS, Task, why_not_stepped

__all__ = [
    "TASKS",
    "Learner",
    "NotFinite",
    "Spec",
    "Task",
    "available",
    "cancel",
    "cancellations",
    "fits",
    "is_kind",
    "misfit",
    "spec_of",
    "train_together",
    "why_not",
    "why_not_stepped",
]
