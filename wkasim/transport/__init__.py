"""How messages travel: the interface that nodes see, and what stands behind it."""
