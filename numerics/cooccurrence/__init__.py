"""Features that are active together: exact losses, states, suppression."""
