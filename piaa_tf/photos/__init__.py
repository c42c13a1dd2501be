"""A person's photos: which files they are, how they are read, and what networks see.

Readers of data and clients that send photos to a server need the same pixels. Pillow
and numpy do all of it except the last step, the square, which is TensorFlow's.
"""
