"""One row on its own: stationary states, sparsification, collapse."""
