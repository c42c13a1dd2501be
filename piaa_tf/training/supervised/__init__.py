"""Supervised training: the average score, distributions, traits, both at once."""
