"""Sweeps: grids of runs that resume after an interruption."""
