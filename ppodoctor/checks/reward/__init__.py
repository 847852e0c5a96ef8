"""Checks of the reward that the script receives."""
