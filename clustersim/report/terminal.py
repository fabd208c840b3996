"""stub"""


def print_summary(): ...
