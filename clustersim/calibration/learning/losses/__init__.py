"""Tables of losses of training runs, and a prediction of each of their rows."""
