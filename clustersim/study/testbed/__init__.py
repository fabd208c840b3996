"""Training steps over a small network that was built for them, against the fabric model."""
