"""The machinery of proofs: letters, formulas, derivations, claims and their record."""

from . import symbols as symbols
