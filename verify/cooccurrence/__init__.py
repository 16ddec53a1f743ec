"""Co-occurrence: the report's chapter, its runs and predictions."""
