"""The theory of incidental polysemanticity, executable and checked.

The three rooms are ``polysem.theory`` (SymPy), ``polysem.numerics`` (NumPy) and
``polysem.verify`` (where the two meet).
"""

from pathlib import Path

__version__ = "0.1.0"

_clone = Path(__file__).resolve().parent.parent
if (_clone / "pyproject.toml").is_file() and (_clone / "theory" / "model.py").is_file():
    __path__.append(str(_clone))
