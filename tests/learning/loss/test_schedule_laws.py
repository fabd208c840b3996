"""The shipped multi-power laws are those that the forecast of schedules uses."""

from clustersim.calibration.learning.schedules import shipped_fit
from clustersim.learning.loss.schedule_laws import largest_area, multi_power_laws


def test_there_is_one_for_each_model_of_the_fit() -> None:
    models = shipped_fit().models
    assert multi_power_laws() == {name: laws.multi_power for name, laws in models.items()}
    assert sorted(multi_power_laws()) == ["100M", "25M", "400M"]
    assert largest_area() == max(laws.reach for laws in models.values())
