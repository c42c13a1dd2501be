"""What programs share: their shape, and flags of several of them."""
