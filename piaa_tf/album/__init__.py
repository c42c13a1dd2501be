"""A person's album: its ranking, covers and crops, on sheets and pages to look at."""
