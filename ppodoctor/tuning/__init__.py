"""Tuning: which settings to try next (pure plans), a study that tries them in the lab, and what it came to."""
