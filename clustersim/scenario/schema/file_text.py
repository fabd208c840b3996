"""Marks what a file says, where a setting names the file."""

FILE_TEXT = "file text"
"""Marks a setting that holds what the file of the setting ``file`` beside it says."""
