"""Measurements of a user's own hardware in, an entry of hardware out: readers, fits, the file they end in."""
