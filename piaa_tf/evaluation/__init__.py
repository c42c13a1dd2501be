"""What a prior and its tastes are worth, in figures and in pictures."""
