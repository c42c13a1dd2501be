"""A person's photos: which files they are, and how each is read.

Readers of data and clients that send photos to a server need the same pixels; Pillow
and numpy are all that this takes.
"""
