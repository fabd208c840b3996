"""Tests of clustersim.bill; a package, so that its modules may share names with others."""
