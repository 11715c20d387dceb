"""Scenarios: one situation a file, what happens in it, and what is expected of it."""
