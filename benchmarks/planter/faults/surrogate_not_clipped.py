"""Only the plain product enters the loss: nothing keeps the policy near the old one."""

from planter.fault import Fault
from planter.patterns import surrogate
from planter.source import Source


def plant(source: Source) -> None:
    """`torch.min(a, b)` becomes `a`."""
    spot = surrogate(source)
    source.swap(spot, f"({source.text(spot, spot.node.args[0])})")


FAULT = Fault(
    id="surrogate_not_clipped",
    family="update",
    numbers=(69,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "pixel_catch": [("pg_loss = torch.max(pg_loss1, pg_loss2).mean()", "pg_loss = pg_loss1.mean()")],
        "torch_sim": [
            ("surrogate_loss = torch.max(surrogate, surrogate_clipped).mean()", "surrogate_loss = surrogate.mean()")
        ],
        "agent_args": [("pg_loss = torch.max(pg_loss1, pg_loss2).mean()", "pg_loss = pg_loss1.mean()")],
    },
)
