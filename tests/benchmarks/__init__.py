"""What wkasim costs, measured: deliveries a second, growth with the cluster, start from the shell."""
