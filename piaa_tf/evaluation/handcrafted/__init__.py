"""Handcrafted features: what photography's rules say of a picture's pixels."""

from piaa_tf.evaluation.handcrafted.features import FEATURES, describe, describe_files

__all__ = ["FEATURES", "describe", "describe_files"]
