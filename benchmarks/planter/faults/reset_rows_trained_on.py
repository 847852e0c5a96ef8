"""The steps in which the vector environment only resets are learned from."""

from planter.fault import Fault

FAULT = Fault(
    id="reset_rows_trained_on",
    family="data",
    numbers=(31,),
    kind="exact",
    edits={
        "vector_continuous": [("store.real[t] = torch.as_tensor(~just_ended)", "store.real[t] = True")],
        "cartpole_vector": [(", autoreset_mode=AutoresetMode.SAME_STEP", "")],
        "pixel_catch": [(", autoreset_mode=AutoresetMode.SAME_STEP", ""), ('infos["final_obs"][i]', "following[i]")],
    },
)
