
from .noise import Noise as Noise
from .noise_average import (
    averaged_gradient as averaged_gradient,
    averaged_loss as averaged_loss,
    averaged_loss_and_gradient as averaged_loss_and_gradient,
)
