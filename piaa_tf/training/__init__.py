"""How a prior is learned: steps, loop, checkpoints, optimizers, strategies."""
