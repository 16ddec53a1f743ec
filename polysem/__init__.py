"""The theory of incidental polysemanticity, executable and checked.

It holds three packages: ``polysem.theory`` (SymPy), ``polysem.numerics`` (NumPy) and
``polysem.verify`` (comparison of the two, reports and the command line).
"""

from pathlib import Path

import lazy_loader as _lazy

__version__ = "0.3.0"

_clone = Path(__file__).resolve().parent.parent
if (_clone / "pyproject.toml").is_file() and (_clone / "theory" / "__init__.py").is_file():
    __path__.append(str(_clone))

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=["numerics", "theory", "verify"])
