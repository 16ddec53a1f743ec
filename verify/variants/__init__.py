"""Variants of the model: every number of theory.variant against training."""
