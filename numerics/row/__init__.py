"""One row on its own: exact flow, half-normal law, collapse."""
