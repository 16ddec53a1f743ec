"""The pytest plugin: an entropy for random tests, and the sum of their error rates.

pytest loads it if polysem is installed.  It adds the fixture ``polysem_entropy``, the options
``--polysem-entropy`` and ``--polysem-budget``, and a line at the end of the session.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .stats.assertions import SPENT
from .stats.budget import SUITE_ALPHA, Budget, Rate

DEFAULT_ENTROPY = 20231206


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("polysem")
    group.addoption(
        "--polysem-entropy",
        type=int,
        default=DEFAULT_ENTROPY,
        help="entropy of all random draws in tests that use polysem_entropy",
    )
    group.addoption(
        "--polysem-budget",
        type=float,
        default=SUITE_ALPHA,
        help="largest allowed sum of alpha over all checks of a session",
    )


@pytest.fixture(scope="session")
def polysem_entropy(request: pytest.FixtureRequest) -> int:
    """The entropy of all random draws: fixed, unless --polysem-entropy changes it."""
    return int(request.config.getoption("--polysem-entropy"))


def pytest_configure(config: pytest.Config) -> None:
    SPENT.clear()
    try:
        _budget(config)
    except ValueError as error:
        raise pytest.UsageError(f"--polysem-budget: {error}") from error


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the error rates from a worker process of pytest-xdist."""
    sent = getattr(node, "workeroutput", {}).get("polysem_rates", "[]")
    SPENT.extend(Rate(*rate) for rate in json.loads(sent))


def _budget(config: pytest.Config) -> Budget:
    return Budget(entries=tuple(SPENT), limit=config.getoption("--polysem-budget"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput"):
        config.workeroutput["polysem_rates"] = json.dumps(SPENT)  # type: ignore[attr-defined]
        return
    passed = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if _budget(config).overspent and session.exitstatus in passed:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    budget = _budget(config)
    if budget.entries:
        colour = {"red": True} if budget.overspent else {}
        terminalreporter.write_line(f"polysem: {budget.sentence()}", **colour)
        if budget.overspent:
            terminalreporter.write_line(
                "polysem: the session fails because the budget is overspent.", red=True
            )
