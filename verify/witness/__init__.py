"""Witnesses: computations of claimed quantities from the model alone."""
