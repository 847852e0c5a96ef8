"""The recursion carries the advantage of one environment into its neighbour."""

from planter.fault import Fault

FAULT = Fault(
    id="gae_leaks_across_environments",
    family="advantage",
    numbers=(32,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                ("        lastgaelam = delta + args.gamma * args.gae_lambda * (1.0 - dones[t]) * lastgaelam\n"),
                ("        lastgaelam = delta + args.gamma * args.gae_lambda * (1.0 - dones[t]) * lastgaelam.roll(1)\n"),
            )
        ],
        "reach_functional": [
            (
                "advantages.append(delta + carry * advantages[-1])",
                "advantages.append(delta + carry * advantages[-1].roll(1))",
            )
        ],
        "own_gaussian": [("~ENDED[t] * tail", "~ENDED[t] * np.roll(tail, 1)")],
        "beta_buffer": [("keep_going[t] * gae", "keep_going[t] * gae.roll(1)")],
        "pixel_catch": [("* alive * running\n", "* alive * running.roll(1)\n")],
        "masked_dict": [('(1 - step["over"]) * tail', '(1 - step["over"]) * tail.roll(1)')],
        "torch_sim": [("gamma * lam * not_done * advantage\n", "gamma * lam * not_done * advantage.roll(1, 0)\n")],
    },
    also=("gae_along_wrong_axis",),
    heldout=True,
)
