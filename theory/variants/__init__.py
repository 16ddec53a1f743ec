"""Variants of the model: other penalties, other outputs, other initial weights."""
