from clustersim.report.sections.bridge import explanation

ROWS = [
    {"label": "compute alone, 400 TFLOP/s per GPU", "gpu_hours": 26.38e6, "kind": "part"},
    {"label": "slower phases (small batch, bubbles)", "gpu_hours": 2.68e6, "kind": "part"},
    {"label": "interruptions and lost work", "gpu_hours": 1.93e6, "kind": "part"},
    {"label": "long-context and annealing phases", "gpu_hours": 0, "kind": "part"},
    {"label": "forecast total", "gpu_hours": 30.99e6, "kind": "total"},
]


def test_the_bridge_in_words():
    assert explanation(ROWS) == (
        "Compute alone, 400 TFLOP/s per GPU: 26.4M GPU-hours; slower phases (small batch, bubbles) add 2.68M, "
        "interruptions and lost work add 1.93M. The mean forecast is 31.0M."
    )


def test_the_bridge_against_what_was_reported():
    reported = [{"label": "not explained", "gpu_hours": -0.15e6, "kind": "difference"}]
    reported += [{"label": "reported", "gpu_hours": 30.84e6, "kind": "reported"}]
    assert explanation(ROWS + reported).endswith("The mean forecast is 31.0M, 150k above the 30.8M reported.")


def test_a_faster_plan_saves():
    rows = [ROWS[0], ROWS[1] | {"label": "phases faster than that", "gpu_hours": -1e6}, ROWS[4]]
    assert "phases faster than that save 1.00M" in explanation(rows)


def test_nothing_to_explain():
    assert explanation([]) == ""
