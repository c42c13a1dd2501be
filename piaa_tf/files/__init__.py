"""Files and folders: written whole or not at all, and progress over many of them."""
