"""Variants of the model: initial weights of other laws, and the flow under other penalties."""
