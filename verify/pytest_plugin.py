"""The pytest plugin: an entropy for random tests, and the budget of their false alarms.

Loaded by pytest wherever polysem is installed; it adds the fixture ``polysem_entropy``, the
options ``--polysem-entropy`` and ``--polysem-budget``, and a line at the end of the session.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .stats.assertions import SPENT
from .stats.budget import SUITE_ALPHA, Budget

DEFAULT_ENTROPY = 20231206


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("polysem")
    group.addoption(
        "--polysem-entropy",
        type=int,
        default=DEFAULT_ENTROPY,
        help="root of the random draws of tests that use polysem_entropy",
    )
    group.addoption(
        "--polysem-budget",
        type=float,
        default=SUITE_ALPHA,
        help="largest sum of the false-alarm rates of a session",
    )


@pytest.fixture(scope="session")
def polysem_entropy(request: pytest.FixtureRequest) -> int:
    """The root of all random draws: fixed, unless --polysem-entropy says otherwise."""
    return int(request.config.getoption("--polysem-entropy"))


class _FromWorkers:
    """Rates sent home by the processes of pytest-xdist."""

    def __init__(self) -> None:
        self.rates: list[tuple[str, float]] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        sent = getattr(node, "workeroutput", {}).get("polysem_rates", "[]")
        self.rates += [(name, rate) for name, rate in json.loads(sent)]


def pytest_configure(config: pytest.Config) -> None:
    SPENT.clear()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_FromWorkers(), "polysem-from-workers")


def _budget(config: pytest.Config) -> Budget:
    workers = config.pluginmanager.get_plugin("polysem-from-workers")
    rates = (*SPENT, *(workers.rates if workers else ()))
    return Budget(entries=rates, limit=config.getoption("--polysem-budget"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput"):
        config.workeroutput["polysem_rates"] = json.dumps(SPENT)  # type: ignore[attr-defined]
        return
    budget = _budget(config)
    if budget.overspent and session.exitstatus in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    budget = _budget(config)
    if budget.entries:
        colour = {"red": True} if budget.overspent else {}
        terminalreporter.write_line(f"polysem: {budget.sentence()}", **colour)
        if budget.overspent:
            terminalreporter.write_line(
                "polysem: the session fails, the budget is overspent.", red=True
            )
