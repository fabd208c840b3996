"""The event log of one run: a line for each thing that happened, for people and for ``grep``."""

from clustersim.report.events.log import event_log, print_log

__all__ = ["event_log", "print_log"]
