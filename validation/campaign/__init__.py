"""Runs many real jobs, one after the other and round after round, and gathers their step times in one file."""
