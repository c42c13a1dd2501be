"""Meta-training: the bi-level loop of BLG-PIAA, and its learners."""
