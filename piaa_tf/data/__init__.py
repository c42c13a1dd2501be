"""Samples and images: what is on disk, checked, and how it becomes tensors."""
