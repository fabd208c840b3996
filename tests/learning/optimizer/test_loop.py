"""What is counted when the loop is said to run billions of times."""

from clustersim.learning.optimizer.loop import LoopPhase, loop_counts


def test_each_count_is_that_of_the_plan():
    counts = loop_counts([LoopPhase(10, 4, 2, 16), LoopPhase(5, 8, 2, 32)])
    assert (counts["steps"], counts["micro_batches_per_replica"]) == (15.0, 80.0)
    assert (counts["micro_batches"], counts["sequences"]) == (160.0, 320.0)


def test_a_frontier_run_updates_its_weights_a_million_times_not_a_billion():
    """15T tokens in steps of 2,048 sequences of 8,192, a sequence at a time on 64 replicas."""
    counts = loop_counts([LoopPhase(894_070, 32, 64, 2048)])
    assert counts["steps"] < 1e6
    assert counts["micro_batches_per_replica"] < 3e7
    assert counts["micro_batches"] == counts["sequences"] > 1.8e9
    assert "updates the weights 894,070 times" in counts["sentence"]
    assert "28.6M forward and backward passes" in counts["sentence"]
