"""A typed client of TensorFlow Serving, or of the embedded server."""
