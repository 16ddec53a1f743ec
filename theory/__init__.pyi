from .formula import Formula as Formula, RegimeError as RegimeError
