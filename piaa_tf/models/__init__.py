"""Networks: backbones, heads, and the two systems made of them."""
