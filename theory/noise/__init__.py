"""Noise on the hidden layer as a cause of sparse rows."""
