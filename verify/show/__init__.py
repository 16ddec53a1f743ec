"""Tables, figures, rounding and LaTeX."""
