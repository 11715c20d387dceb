"""Clusters in real time over real sockets: in one process, or with an operating-system process for each node."""
