"""The optimizer as a cause of polysemantic neurons: steps of Adam, sign descent and AdamW."""
