"""Unequal features: witnesses, runs, report chapter and predictions."""
