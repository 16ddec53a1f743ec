"""One row on its own: the report's chapter on l1."""
