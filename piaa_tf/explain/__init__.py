"""Where in a photo a score comes from, and what likes say about a person."""
