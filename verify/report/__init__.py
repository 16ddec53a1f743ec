"""The report: the answer first, then each chapter."""
