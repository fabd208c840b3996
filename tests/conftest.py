"""What every test session needs, wherever it is started from."""

import gc
import signal

from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Shells let what they start in the background ignore Ctrl-C, and its children with it; tests interrupt theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, not whether the code is right. The same examples everywhere:
# what passes here passes on any machine. `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fixed", settings.get_profile("explore"), derandomize=True)
settings.load_profile("fixed")


def pytest_collection_finish() -> None:
    # Every collection of garbage would go through the thousands of tests that were found, and double what they take.
    gc.collect()
    gc.freeze()
