"""The training loop: gradient, optimizers, steps, measures."""
