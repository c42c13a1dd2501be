"""What a prior and its tastes are worth, in numbers and in charts."""
