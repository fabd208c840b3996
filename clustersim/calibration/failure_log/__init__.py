"""A user's own failure log in, a failure model out: exposure, laws of the lifetime, tests, an entry."""
