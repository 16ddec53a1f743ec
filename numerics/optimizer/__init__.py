"""The optimizer as a cause of polysemantic neurons: the reduced model and the count under AdamW."""
