"""The fabric as a graph: every switch and link, what crosses them, and what a broken one costs."""
