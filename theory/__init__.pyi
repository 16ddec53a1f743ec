from .formula import Formula as Formula
from .formula import RegimeError as RegimeError
