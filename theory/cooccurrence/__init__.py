"""Features that are active together, and the price of a shared neuron."""
