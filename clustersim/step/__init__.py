"""One training step: kernels, collectives and the pipeline, put together into a step time with its breakdown."""
