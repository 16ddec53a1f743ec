
from .noise import Noise as Noise
from .noise_average import (
    averaged_gradient as averaged_gradient,
)
from .noise_average import (
    averaged_loss as averaged_loss,
)
from .noise_average import (
    averaged_loss_and_gradient as averaged_loss_and_gradient,
)
