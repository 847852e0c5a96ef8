"""Measures how often the diagnosis names a planted fault, and how often it blames a correct script."""
