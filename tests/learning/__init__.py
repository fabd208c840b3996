"""Tests of clustersim.learning; a package, so that its modules may share names with others."""
