"""A Run out of somebody else's process, with no change to its code."""

from __future__ import annotations
