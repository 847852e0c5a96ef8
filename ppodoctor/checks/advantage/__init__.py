"""Faults in how rewards and values become advantages and value targets."""
