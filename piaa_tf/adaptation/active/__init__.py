"""What to ask a user next: which photos teach the most."""
