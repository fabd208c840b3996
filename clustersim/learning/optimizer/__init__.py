"""The optimizer's loop: its schedule, what makes it go wrong, and what its batch costs."""
