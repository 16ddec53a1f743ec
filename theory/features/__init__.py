"""Features of unequal importance, frequency and co-occurrence."""
