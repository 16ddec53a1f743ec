"""How many features choose one neuron by chance."""
