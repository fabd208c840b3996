"""The command line: parse, call the API, print. One file a command; :mod:`clustersim.cli.app` lists them."""

from clustersim.cli.app import app, main

__all__ = ["app", "main"]
