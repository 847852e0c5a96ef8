"""Checks of networks, parameters and optimizers."""
