"""Learning in miniature: a forecast made before its run, warm-up with and without, copying, the bill."""
