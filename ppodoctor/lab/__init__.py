"""The lab: a `Trial` in, a `TrialResult` out. Whatever compares trainings is made of trials.

Trials are cached by their content, so the same one is never run twice in one folder; what dies is a result, what is
interrupted is run again.
"""

from ppodoctor.lab.lab import Executor, Lab
from ppodoctor.lab.sqlite import LabError
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult

__all__ = ["Executor", "Lab", "LabError", "Stop", "Trial", "TrialResult"]
