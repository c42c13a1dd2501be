"""What is served: signatures, the manifest of an export, user ids."""
