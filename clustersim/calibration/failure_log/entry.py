"""Writes a fitted log as a piece of a scenario: the failure model that others extend."""

from collections.abc import Iterator

from clustersim._version import __version__
from clustersim.calibration.failure_log.category_fit import CategoryFit, Verdict
from clustersim.calibration.failure_log.estimate import Estimate
from clustersim.calibration.failure_log.kinds import JOB, USUAL
from clustersim.calibration.failure_log.log_fit import LogFit
from clustersim.scenario.rates import RateUnit, format_rate, parse_rate

_PER_MILLION_HOURS = 3600e6
_DAY_S = 86400.0
_WRITTEN = {"gpu": "GPU", "nic": "NIC"}


def entry_text(found: LogFit) -> str:
    """The failure model as YAML.

    Parameters
    ----------
    found : LogFit
        The fitted log.

    Returns
    -------
    str
        ``failures`` with every category of the log, each with its source, and nothing else; a scenario names the file
        under ``extends``. It takes the place of the failures of the files before it.
    """
    lines = [
        f"# Failures of {found.log.path.name}, {found.window.text}.",
        f"# Written by clustersim failures {__version__}. A scenario uses it with",
        "#   extends: [its base, this file]",
        *(f"# {note}." for note in found.notes),
    ]
    if any(one.shape != 1.0 for one in found.verdicts):
        lines.append("# Where a lifetime is not exponential, the age of your fleet matters: failures.fleet_age.")
    lines += ["failures:", "  like: null  # the failures of the base do not stay", "  categories:"]
    for fit, choice in zip(found.fits, found.verdicts, strict=True):
        lines.append(f"    {fit.category.name}:")
        lines += (f"      {line}" for line in _category(fit, choice, found))
    return "\n".join(lines) + "\n"


def rate_text(per_s: float, unit: RateUnit) -> str:
    """Write a rate to four digits, as a scenario does.

    Examples
    --------
    >>> rate_text(1.9361277e-9, "gpu")
    '6.97 per million GPU-hours'
    """
    if unit == JOB:
        return format_rate(parse_rate(f"{per_s * _DAY_S:.4g} per job-day"))
    return format_rate(parse_rate(f"{per_s * _PER_MILLION_HOURS:.4g} per million {_WRITTEN.get(unit, unit)}-hours"))


def _category(fit: CategoryFit, choice: Verdict, found: LogFit) -> Iterator[str]:
    category = fit.category
    usual = USUAL[category.kind]
    unit = _WRITTEN.get(category.kind, category.kind)
    units = f"{fit.operation.count:,} {unit}{'' if fit.operation.count == 1 else 's'}"
    yield f"# source: {found.log.path.name}, {found.window.text}, {units}, failures: {fit.failures:,}"
    yield f"component: {category.component}"
    yield f"rate: {rate_text(choice.rate_s, category.kind)}  # {_interval(fit, choice)}"
    if fit.failures:
        yield f"published_count: {fit.failures}"
    law = "exponential" if choice.shape == 1.0 else f"{{kind: weibull, shape: {choice.shape:.3g}}}"
    yield f"lifetime: {law}  # {_shape(fit, choice)}"
    yield f"effect: {category.effect}"
    if category.hang_fraction:
        yield f"hang_fraction: {category.hang_fraction:.3g}"
    yield f"blast: {'job' if category.effect == 'loss_spike' else usual.blast}  # modelling choice: {usual.why}"
    yield f"evict: {usual.evict:.0f}  # modelling choice, as above"


def _interval(fit: CategoryFit, choice: Verdict) -> str:
    if not fit.failures:
        return f"none in the window: at most {rate_text(fit.rate_s.high or 0.0, fit.category.kind)} at 95 %"
    if choice.shape == 1.0 or fit.weibull is None:
        return f"90 %: {_ends(fit.rate_s)}"
    mean = fit.weibull.mean_s
    inverse = Estimate(1.0 / mean.value, mean.high and 1.0 / mean.high, mean.low and 1.0 / mean.low)
    return f"one over the mean lifetime; 90 %: {_ends(inverse)}"


def _shape(fit: CategoryFit, choice: Verdict) -> str:
    if choice.shape == 1.0 or fit.weibull is None:
        return choice.reason
    return f"{choice.reason}; 90 %: {_ends(fit.weibull.shape)}"


def _ends(estimate: Estimate) -> str:
    low, high = (None if end is None else end / estimate.value for end in estimate[1:])
    return f"{'x0' if low is None else f'x{low:.2g}'} to {'any' if high is None else f'x{high:.2g}'}"
