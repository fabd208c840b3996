"""Fits of capability laws, and what they predict for a table of scores."""
