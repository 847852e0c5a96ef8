"""The entropy bonus outweighs the reward."""

from planter.fault import Fault
from planter.settings import setting

FAULT = Fault(
    id="entropy_bonus_too_large",
    family="config",
    numbers=(70,),
    kind="statistical",
    plant=setting("entropy_coefficient", 1.0),
    needs=frozenset({"entropy"}),
    edits={
        "pendulum_notebook": [("- 0.001 * entropy", "- 1.0 * entropy")],
        "torch_sim": [('"entropy_coef": 0.01', '"entropy_coef": 5.0')],
        "student_ppo": [("ent_coef=0.003", "ent_coef=2.0")],
        "team_shared": [('"--entropy-coef", type=float, default=0.02', '"--entropy-coef", type=float, default=1.0')],
        "mini_library": [("ent_coef=0.005", "ent_coef=5.0")],
    },
    heldout_plant=setting("entropy_coefficient", 0.7),
)
