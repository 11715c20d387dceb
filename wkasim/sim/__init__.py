"""The simulated world: virtual time, a network, faults, and the journal of what happened."""
