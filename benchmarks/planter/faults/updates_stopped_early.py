"""The KL at which the epochs stop is passed at once."""

from planter.fault import Fault

FAULT = Fault(
    id="updates_stopped_early",
    family="config",
    numbers=(23,),
    kind="exact",
    edits={
        "two_optimizers": [("target_kl=0.015", "target_kl=1e-7")],
        "sb3_cartpole": [("    seed=args.seed,\n", "    seed=args.seed,\n    target_kl=1e-7,\n")],
        "spin_epochs": [("target_kl=0.01", "target_kl=1e-7")],
    },
)
