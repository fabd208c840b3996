"""Measurements in, fitted parameters with their uncertainty out."""
