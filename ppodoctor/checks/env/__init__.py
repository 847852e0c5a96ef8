"""Checks of what the environment and its interface do."""
