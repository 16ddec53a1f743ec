"""The training loop, the exact flows and the laws, in NumPy and SciPy."""

import lazy_loader as _lazy

if __name__ != "polysem.numerics":
    raise ImportError(
        f"This folder was imported as {__name__!r}; import it as polysem.numerics "
        "(from a clone: run from its root, or install it with pip install -e .)."
    )

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
