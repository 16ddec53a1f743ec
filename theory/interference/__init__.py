"""What rows do to each other: shared neurons, the fast phase, reshuffling."""
