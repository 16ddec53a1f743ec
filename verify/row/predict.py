"""What the closed forms predict for one row on its own."""

from ... import theory
from ..prediction import Prediction, Setting, evaluate


def predictions(setting: Setting) -> list[Prediction]:
    """The amplitude at rest and the loss of a feature."""
    return [evaluate(f, lam=setting.lam) for f in (theory.amplitude, theory.loss_per_feature)]
