"""Hosts made of network namespaces with rate-limited links, on which the real job runs: a topology one can check."""
