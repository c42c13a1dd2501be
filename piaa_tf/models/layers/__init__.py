"""Layers that Keras lacks, or has with a state that cannot be repeated."""
