"""A fitted failure log as tables on a terminal, and as JSON."""

from typing import TYPE_CHECKING, Any

from clustersim.cli.terminal import console

if TYPE_CHECKING:
    from clustersim.calibration.failure_log.category_fit import CategoryFit, Verdict
    from clustersim.calibration.failure_log.estimate import Estimate
    from clustersim.calibration.failure_log.log_fit import LogFit

_PER_1000_DAYS = 1000.0 * 86400.0
_DAY = 86400.0


def print_fit(found: "LogFit") -> None:
    """Print rates, lifetimes, why each shape is what it is, and the lemons."""
    from clustersim.calibration.failure_log.entry import rate_text
    from clustersim.report.listing import print_rows

    out = console()
    total = sum(fit.failures for fit in found.fits)
    out.print(f"{found.log.path.name}, {found.window.text}: {total:,} failures", highlight=False)
    out.print()
    out.print("Failures per 1000 units and day, with the 90 % interval", highlight=False)
    rates = [
        (fit.category.name, fit.category.kind, f"{fit.operation.count:,}", f"{fit.failures:,}", *_rate(fit))
        for fit in found.fits
    ]
    print_rows(("category", "unit", "units", "failures", "rate", "5 %", "95 %"), rows=rates, console=out)
    out.print("Weibull shape with its 90 % interval, and p values of the tests", highlight=False)
    columns = ("category", "shape", "5 %", "95 %", "shape 1", "alike", "Laplace", "MIL-HDBK")
    print_rows(columns, [(fit.category.name, *_shape(fit), *_tests(fit)) for fit in found.fits], out)
    out.print("In the entry", highlight=False)
    for fit, choice in zip(found.fits, found.verdicts, strict=True):
        rate = rate_text(choice.rate_s, fit.category.kind)
        line = f"  {fit.category.name}: {rate}, shape {choice.shape:.3g} ({choice.reason})"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    out.print()
    bad = _lemons(found)
    if bad:
        out.print("Units that fail far too often (p over all units of the kind)", highlight=False)
        rows = [
            (one["unit"], one["category"] or "all", one["failures"], f"{one['expected']:.2g}", f"{one['p']:.1g}")
            for one in bad
        ]
        print_rows(("unit", "category", "failures", "expected", "p"), rows, out)


def _shape(fit: "CategoryFit") -> tuple[str, str, str, str]:
    if fit.weibull is None:
        return "", "", "", ""
    value, low, high = fit.weibull.shape
    return (
        f"{value:.2f}",
        "open" if low is None else f"{low:.2f}",
        "open" if high is None else f"{high:.2f}",
        _p(fit.weibull.p_exponential),
    )


def _rate(fit: "CategoryFit") -> tuple[str, ...]:
    return tuple(f"{0.0 if end is None else end * _PER_1000_DAYS:.3g}" for end in fit.rate_s)


def _tests(fit: "CategoryFit") -> tuple[str, str, str]:
    return _p(fit.dispersion_p), _p(fit.trend.p_laplace), _p(fit.trend.p_military)


def _p(value: float | None) -> str:
    return "" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _lemons(found: "LogFit") -> "list[dict[str, Any]]":
    """Every lemon, of a category or of all, with its name."""
    tagged = [(fit.category.kind, fit.category.name, lemon) for fit in found.fits for lemon in fit.lemons]
    tagged += [(kind, "", lemon) for kind, lemon in found.overall]
    return [
        {
            "unit": found.operation[kind].units[lemon.unit].name,
            "unit_kind": kind,
            "category": category or None,
            "failures": lemon.failures,
            "expected": lemon.expected,
            "p": lemon.p,
        }
        for kind, category, lemon in tagged
    ]


def tree(found: "LogFit") -> "dict[str, Any]":
    """Everything that was found, in SI units where a key says no other."""
    return {
        "log": found.log.path.name,
        "window": {"text": found.window.text, "days": found.window.length_s / _DAY},
        "notes": list(found.notes),
        "categories": [
            _category(fit, choice) for fit, choice in zip(found.fits, found.verdicts, strict=True)
        ],
        "lemons": _lemons(found),
    }  # fmt: skip


def _category(fit: "CategoryFit", choice: "Verdict") -> "dict[str, Any]":
    from clustersim.calibration.failure_log.entry import rate_text

    law = fit.weibull
    return {
        "name": fit.category.name,
        "unit_kind": fit.category.kind,
        "component": fit.category.component,
        "effect": fit.category.effect,
        "hang_fraction": fit.category.hang_fraction,
        "failures": fit.failures,
        "units": fit.operation.count,
        "exposure_s": fit.operation.exposure_s,
        "rate_s": _estimate(fit.rate_s),
        "weibull": law and {
            "shape": _estimate(law.shape),
            "mean_s": _estimate(law.mean_s),
            "p_exponential": law.p_exponential,
            "ages_known": fit.ages_known,
        },
        "trend": {
            "first_half": fit.trend.early,
            "second_half": fit.trend.late,
            "p_laplace": fit.trend.p_laplace,
            "p_mil_hdbk_189": fit.trend.p_military,
        },
        "p_units_alike": fit.dispersion_p,
        "entry": {
            "rate": rate_text(choice.rate_s, fit.category.kind), "shape": choice.shape, "reason": choice.reason
        },
    }  # fmt: skip


def _estimate(estimate: "Estimate") -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
