"""The optimizer as a cause of polysemantic neurons: networks, checks, predictions and advice."""
