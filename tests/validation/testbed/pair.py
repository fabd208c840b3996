"""The smallest topology: two hosts on one cable."""

from validation.testbed.topology import Link, Topology

PAIR = Topology("pair", "two hosts on a cable", ("h0", "h1"), (), (Link("h0", "h1", 25e6),))
