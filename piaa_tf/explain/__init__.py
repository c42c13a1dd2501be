"""What a score looks at in a picture, and what likes say of a person."""
