"""Faults in what is stored between the environment and the update, and in which samples an update uses."""
