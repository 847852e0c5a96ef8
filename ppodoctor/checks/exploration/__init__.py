"""Checks of how the policy explores."""
