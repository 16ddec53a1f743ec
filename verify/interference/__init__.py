"""Reshuffling: the report's chapter, its runs and predictions."""
