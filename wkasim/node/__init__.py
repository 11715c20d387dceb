"""One member of the cluster, as plain asyncio code that knows nothing of the world it runs in."""
