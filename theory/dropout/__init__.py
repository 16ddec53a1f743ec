"""Dropout on the hidden layer: what it adds to the loss, and how many weights a row keeps."""
