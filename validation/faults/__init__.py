"""Breaks a real training job at planned moments and measures what is left of its time."""
