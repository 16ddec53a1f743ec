"""What rows do to each other: kicks, retained winners, two rows."""

from ..training.splitting import interference as interference
