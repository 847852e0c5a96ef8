"""Checks of what returns and evaluation can tell."""
