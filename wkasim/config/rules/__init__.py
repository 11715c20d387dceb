"""The rules of ``wkasim doctor``: what is looked for in the configuration of a cluster, and what comes of it."""
