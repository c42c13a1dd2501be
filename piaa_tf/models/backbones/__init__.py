"""Backbones: pixels in, features out, one file a family; and published weights."""
