"""``python -m validation.gpt CONFIG.toml --out FOLDER``: run the job, alone or as one process of torchrun."""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

from validation.gpt.config import JobConfig
from validation.gpt.config_file import read_config
from validation.gpt.problems import ConfigurationError
from validation.leaving import leave

USER_MISTAKE = 2
DIVERGENCE = 3


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="validation.gpt", description="Train a small GPT and measure every step.")
    parser.add_argument("config", type=Path, metavar="CONFIG.toml", help="what to train and how")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="log, measurement, checkpoints")
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="override the file")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 when the run completed or was stopped by a signal, 2 on a mistake in the configuration, 3 when the training
        diverged.
    """
    options = parse(arguments)
    try:
        config = read_config(options.config, options.set)
        options.out.mkdir(parents=True, exist_ok=True)
        return _run(config, options.out)
    except ConfigurationError as error:
        return _complain(error.problems)
    except OSError as error:
        if error.filename is None:
            raise
        return _complain([f"{error.filename}: {error.strerror}"])


def _run(config: JobConfig, folder: Path) -> int:
    started = time.perf_counter()
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler announces each start and stop
    # torch deprecates its own calls from within; nothing the user of the job could change.
    warnings.filterwarnings("ignore", module="torch")
    from validation.gpt.job import DIVERGED, Job
    from validation.gpt.processes import check_world

    check_world(config.parallel)
    job = Job(config, folder, time.perf_counter() - started)
    try:
        reason = job.run()
    except ConfigurationError:
        job.close()
        raise
    job.close()
    return DIVERGENCE if reason == DIVERGED else 0


def _complain(problems: list[str] | tuple[str, ...]) -> int:
    """Say what is wrong; other processes give the first one time to say it for all, and torchrun to end them."""
    if os.environ.get("RANK", "0") != "0":
        time.sleep(1.0)
    sys.stderr.write("".join(f"error: {problem}\n" for problem in problems))
    return USER_MISTAKE


if __name__ == "__main__":
    leave(main())
