"""Dropout on the hidden layer: witnesses, runs, report chapter and predictions."""
