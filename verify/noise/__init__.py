"""Noise: the report's chapter, its runs, predictions and checks."""
