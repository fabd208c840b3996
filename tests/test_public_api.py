"""The names users may rely on."""

import pytest

import clustersim as cs


def test_public_names() -> None:
    functions = ["event_log", "load", "write", "write_trace"]
    assert sorted(cs.__all__) == ["Forecast", "Plan", "Scenario", "ScenarioError", "__version__", *functions]
    for name in cs.__all__:
        assert getattr(cs, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="forecast"):
        cs.forecast  # noqa: B018


def test_version_is_the_one_of_the_distribution() -> None:
    from importlib.metadata import version

    assert cs.__version__ == version("clustersim")
