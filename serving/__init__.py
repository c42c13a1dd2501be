"""Requests in: a client of TensorFlow Serving, and a server of its protocol."""
