"""Noise on the hidden layer: its laws, its exact average, the flow under it."""
