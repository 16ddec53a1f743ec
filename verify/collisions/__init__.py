"""Counts of shared neurons: the report's chapters, the measured table, the checks."""
