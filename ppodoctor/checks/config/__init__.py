"""Checks of settings, as the computation shows them."""
