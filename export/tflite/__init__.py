"""Phone files: one user's model, or what adapts on the phone itself."""
