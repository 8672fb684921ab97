"""The table of losses: sampled stage architectures, evaluated."""
