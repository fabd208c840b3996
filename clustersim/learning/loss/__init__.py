"""Held-out loss: laws of model size and tokens, and their forecast for a plan."""
