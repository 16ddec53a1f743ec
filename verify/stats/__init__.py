"""Statistics: intervals, power, agreements, checks and the error budget."""
