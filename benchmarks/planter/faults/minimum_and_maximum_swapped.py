"""The larger of the two surrogates is taken, so that the clip never limits."""

from planter.fault import Fault
from planter.patterns import surrogate
from planter.source import Source


def plant(source: Source) -> None:
    """`torch.min(a, b)` becomes `torch.max(a, b)`."""
    spot = surrogate(source)
    text = source.text(spot)
    old, new = ("minimum(", "maximum(") if "minimum(" in text else ("min(", "max(")
    source.swap(spot, text.replace(old, new, 1))


FAULT = Fault(
    id="min_max_swapped",
    family="update",
    numbers=(6,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "pixel_catch": [("torch.max(pg_loss1, pg_loss2)", "torch.min(pg_loss1, pg_loss2)")],
        "torch_sim": [("torch.max(surrogate, surrogate_clipped)", "torch.min(surrogate, surrogate_clipped)")],
        "agent_args": [("torch.max(pg_loss1, pg_loss2)", "torch.min(pg_loss1, pg_loss2)")],
        "mini_library": [("torch.min(policy_loss_1, policy_loss_2)", "torch.max(policy_loss_1, policy_loss_2)")],
    },
)
