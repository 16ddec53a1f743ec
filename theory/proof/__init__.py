"""The machinery of proofs, and what a module of the theory needs to declare its claims."""

from .claims import cited, derived
from .formula import Formula, IndexForm
from .operators import (
    AtWeights,
    Expansion,
    Root,
    Taylor,
    below,
    density,
    quadratic_root,
    turning_point,
)
from .step import Definition, Step, defining, of, stated

__all__ = [
    "AtWeights",
    "Definition",
    "Expansion",
    "Formula",
    "IndexForm",
    "Root",
    "Step",
    "Taylor",
    "below",
    "cited",
    "defining",
    "density",
    "derived",
    "of",
    "quadratic_root",
    "stated",
    "turning_point",
]
