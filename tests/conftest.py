"""What every test session needs, wherever it is started from."""

import signal

from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Shells let what they start in the background ignore Ctrl-C, and its children with it; tests interrupt theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("clustersim", deadline=None)
settings.load_profile("clustersim")
