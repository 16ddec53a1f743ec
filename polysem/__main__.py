"""``python -m polysem`` is the command ``polysem``."""

from polysem.verify.cli import main

if __name__ == "__main__":
    main()
