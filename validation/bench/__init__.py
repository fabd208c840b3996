"""Microbenchmarks of one machine: products, memory, attention, collectives, checkpoints, start-up of process groups.

Needs torch and numpy alone, so that the folder can be carried to a machine with accelerators.
"""
