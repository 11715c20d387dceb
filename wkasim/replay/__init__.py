"""Replaying a recording of the real system: the same timeline, simulated, and how alike the logs are."""
