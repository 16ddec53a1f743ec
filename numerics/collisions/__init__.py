"""The laws of the number of shared neurons."""
