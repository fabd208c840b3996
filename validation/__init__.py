"""What others published, and how far the predictions are from it: figures and tables of ``validation/README.md``."""
