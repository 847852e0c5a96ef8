"""The value is clipped to 0.2 around the old one, though returns are far larger."""

from planter.fault import Fault

FAULT = Fault(
    id="value_clip_too_tight",
    family="config",
    numbers=(20,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "v_loss = 0.5 * ((newvalue - b_returns[mb]) ** 2).mean()",
                (
                    "old_v = values.reshape(-1)[mb]\n"
                    "            clipped_v = old_v + torch.clamp(newvalue - old_v, -args.clip_coef, args.clip_coef)\n"
                    "            plain, tight = (newvalue - b_returns[mb]) ** 2, (clipped_v - b_returns[mb]) ** 2\n"
                    "            v_loss = 0.5 * torch.max(plain, tight).mean()"
                ),
            )
        ],
        "sb3_cartpole": [("    clip_range=0.2,\n", "    clip_range=0.2,\n    clip_range_vf=0.02,\n")],
    },
)
