"""TensorFlow's C API: SavedModels run here as a model server runs them."""
