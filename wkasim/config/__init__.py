"""Real configuration files: read with their places, understood together, checked, simulated, written."""
