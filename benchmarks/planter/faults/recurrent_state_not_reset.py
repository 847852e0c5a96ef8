"""The memory of one episode is carried into the next in the update, but not while acting."""

from planter.fault import Fault

FAULT = Fault(
    id="recurrent_state_not_reset",
    family="data",
    numbers=(41,),
    kind="exact",
    edits={
        "recurrent_gru": [("            h = h * (1.0 - starts[t]).unsqueeze(-1)\n", "")],
        "lstm_chunks": [
            (
                'net(mb["obs"], mb["first"], h0[ids], c0[ids])',
                'net(mb["obs"], torch.zeros_like(mb["first"]), h0[ids], c0[ids])',
            )
        ],
    },
    heldout=True,
)
