"""What every test session needs, wherever it is started from."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Shells let what they start in the background ignore Ctrl-C, and its children with it; tests interrupt theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
