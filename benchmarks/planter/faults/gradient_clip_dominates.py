"""Every gradient is clipped to a ten-thousandth."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="gradient_clip_dominates",
    family="config",
    numbers=(75,),
    kind="statistical",
    plant=setting("max_grad_norm", 1e-6),
    needs=frozenset({"clips_gradient"}),
    edits={
        "own_softmax": [("(net.parameters(), 1.0)", "(net.parameters(), 1e-6)")],
        "pendulum_notebook": [("(model.parameters(), 0.5)", "(model.parameters(), 1e-6)")],
        "student_ppo": [("max_grad_norm=0.3", "max_grad_norm=1e-8")],
        "mini_library": [("max_grad_norm=0.5,\n        seed=args.seed", "max_grad_norm=5e-7,\n        seed=args.seed")],
    },
    also=("learning_rate_too_low", "parameters_never_move"),
    heldout_plant=setting("max_grad_norm", 5e-7),
    unless=frozenset({"spin_epochs"}),
)
