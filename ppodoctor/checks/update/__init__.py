"""Faults in the loss and the optimizer step, read from the autograd graph."""
