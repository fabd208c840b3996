"""The report: a self-contained HTML page and the forecast on a terminal, both made from the summary of a study."""

from clustersim.report.page import render, write_report
from clustersim.report.terminal import print_summary

__all__ = ["print_summary", "render", "write_report"]
