"""Run -> Diagnosis: findings, what explains what, what is clear, what could not be seen and what would show it."""

from ppodoctor.diagnosis.engine import diagnose

__all__ = ["diagnose"]
