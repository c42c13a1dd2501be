"""Handcrafted features: photography's rules, measured on an image's pixels."""

from piaa_tf.evaluation.handcrafted.features import FEATURES, describe, describe_files

__all__ = ["FEATURES", "describe", "describe_files"]
