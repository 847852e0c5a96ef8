"""Only the clipped product enters the loss."""

from planter.fault import Fault
from planter.patterns import surrogate
from planter.source import Source


def plant(source: Source) -> None:
    """`torch.min(a, b)` becomes `b`."""
    spot = surrogate(source)
    source.swap(spot, f"({source.text(spot, spot.node.args[1])})")


FAULT = Fault(
    id="minimum_missing",
    family="update",
    numbers=(6,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "pixel_catch": [("pg_loss = torch.max(pg_loss1, pg_loss2).mean()", "pg_loss = pg_loss2.mean()")],
        "torch_sim": [
            (
                "surrogate_loss = torch.max(surrogate, surrogate_clipped).mean()",
                "surrogate_loss = surrogate_clipped.mean()",
            )
        ],
        "agent_args": [("pg_loss = torch.max(pg_loss1, pg_loss2).mean()", "pg_loss = pg_loss2.mean()")],
    },
)
