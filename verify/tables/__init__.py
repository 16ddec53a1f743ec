"""Tables for papers: the theory's own, and any grid of settings."""
