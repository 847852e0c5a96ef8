"""The surrogate is descended where it should be ascended."""

from planter.fault import Fault
from planter.patterns import negated_surrogate
from planter.source import Source


def plant(source: Source) -> None:
    """Drops the minus sign in front of the surrogate."""
    spot = negated_surrogate(source)
    source.swap(spot, source.text(spot, spot.node.operand))


FAULT = Fault(
    id="policy_loss_sign_flipped",
    family="update",
    numbers=(5,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "pixel_catch": [("loss = pg_loss + cfg", "loss = -pg_loss + cfg")],
        "torch_sim": [("loss = surrogate_loss +", "loss = -surrogate_loss +")],
        "agent_args": [
            ("pg_loss1 = -mb_advantages * ratio", "pg_loss1 = mb_advantages * ratio"),
            ("pg_loss2 = -mb_advantages * torch", "pg_loss2 = mb_advantages * torch"),
            ("torch.max(pg_loss1, pg_loss2)", "torch.min(pg_loss1, pg_loss2)"),
        ],
    },
)
