"""Where theory and numerics meet: agreement, reports, the command line."""

import lazy_loader as _lazy

if __name__ != "polysem.verify":
    raise ImportError(
        f"This folder was imported as {__name__!r}; import it as polysem.verify "
        "(from a clone: run from its root, or install it with pip install -e .)."
    )

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
