"""Fits what a model learns: loss laws from published runs."""
