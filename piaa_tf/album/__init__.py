"""A person's album: ranked, covered, cropped, on sheets and pages to look at."""
