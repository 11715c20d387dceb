"""Exploration: what a cluster must guarantee, drawn scenarios that try to break it, and what they find."""
