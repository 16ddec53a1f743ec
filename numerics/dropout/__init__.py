"""Dropout on the hidden layer, averaged over all masks."""
