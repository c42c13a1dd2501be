"""A prior and its tastes become files: versions of a SavedModel, phone files."""
