"""SGD and AdamW against PyTorch, and their settings."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from polysem import numerics

LAM = 0.01


def torch_descent(initial, make_optimizer, steps, lam):
    """The paper's loss by autograd, with the l1 norm's own subgradient."""
    torch = pytest.importorskip("torch")
    weights = torch.nn.Parameter(torch.tensor(initial))
    optimizer = make_optimizer(torch, [weights])
    target = torch.eye(initial.shape[-2], dtype=weights.dtype).expand(len(initial), -1, -1)
    for _ in range(steps):
        optimizer.zero_grad()
        output = torch.relu(weights @ weights.transpose(-1, -2))
        loss = ((output - target) ** 2).sum() + 4 * lam * weights.abs().sum()
        loss.backward()
        optimizer.step()
    return weights.detach().numpy()


@pytest.mark.parametrize(("n", "m"), [(6, 10), (20, 50)])
def test_sgd_agrees_with_pytorch(n, m):
    initial = numerics.initial_weights(n, m, np.random.default_rng(n), instances=2)
    ours = numerics.train(initial, LAM, optimizer="sgd", learning_rate=0.02, steps=100).weights
    theirs = torch_descent(
        initial, lambda torch, parameters: torch.optim.SGD(parameters, lr=0.02), 100, LAM
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize(("n", "m"), [(6, 10), (20, 50)])
def test_adamw_agrees_with_pytorch(n, m):
    initial = numerics.initial_weights(n, m, np.random.default_rng(n), instances=2)
    ours = numerics.train(initial, LAM, optimizer="adamw", steps=100).weights
    theirs = torch_descent(
        initial, lambda torch, parameters: torch.optim.AdamW(parameters, lr=1e-3), 100, LAM
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-10)
    assert np.abs(theirs - initial).max() > 0.05  # they have moved


def test_sgd_is_the_flow_in_the_limit_of_small_steps():
    initial = numerics.initial_weights(5, 12, np.random.default_rng(1))
    flow = numerics.train(initial, 0.0, step_size=1e-3, max_time=2.0)
    sgd = numerics.train(initial, 0.0, optimizer="sgd", learning_rate=1e-3 / 4, steps=2000)
    assert sgd.time == pytest.approx(2.0)
    np.testing.assert_allclose(sgd.weights, flow.weights, atol=1e-12)


def test_proximal_sgd_is_the_proximal_flow():
    initial = numerics.initial_weights(5, 12, np.random.default_rng(1))
    flow = numerics.train(initial, 0.05, step_size=0.1, max_time=40.0)
    sgd = numerics.train(
        initial, 0.05, optimizer="sgd", l1="proximal", learning_rate=0.025, steps=400
    )
    np.testing.assert_allclose(sgd.weights, flow.weights, atol=1e-12)
    assert (sgd.weights == 0).any()


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"Got betas=\(1\.0, 0\.9\); give two numbers"):
        numerics.AdamW(betas=(1.0, 0.9))
    with pytest.raises(ValueError, match=r"Got steps=0; steps is the number of steps"):
        numerics.SGD(steps=0)
    with pytest.raises(ValueError, match=r"Got l1='hinge'; choose one of subgradient, proximal"):
        numerics.SGD(l1="hinge")
    with pytest.raises(ValueError, match=r"Got max_time=-1\.0"):
        numerics.Flow(max_time=-1.0)


@dataclass(frozen=True, kw_only=True)
class HalvedSteps(numerics.Optimizer):
    """Descent with a step that halves each time, as a user may write it."""

    name: ClassVar[str] = "halved steps"
    ends_at_rest: ClassVar[bool] = False
    max_steps: int = 20

    def start(self, weights, problem):
        return SimpleNamespace(size=0.2, outcome=None)

    def step(self, weights, problem, limit, state):
        state.size /= 2
        return weights - state.size * problem.gradient(weights), np.full(len(weights), state.size)


def test_an_optimizer_of_ones_own_inherits_what_it_does_not_say():
    assert isinstance(HalvedSteps(), numerics.Optimizer)
    initial = numerics.initial_weights(3, 6, np.random.default_rng(0), instances=2)
    run = numerics.train(initial, 0.0, optimizer=HalvedSteps(), max_steps=5)
    assert run.outcome is numerics.Outcome.COMPLETED
    assert run.steps.tolist() == [5, 5]
    np.testing.assert_allclose(run.time, 0.2 * (1 - 2**-5), rtol=1e-15)
    first = initial - 0.1 * numerics.gradient(initial)
    once = numerics.train(initial, 0.0, optimizer=HalvedSteps(), max_steps=1)
    np.testing.assert_allclose(once.weights, first, rtol=1e-15)


def test_an_object_that_is_no_optimizer_is_refused():
    with pytest.raises(ValueError, match=r"Got optimizer=3; give the name of an opt"):
        numerics.train(np.eye(2), 0.0, optimizer=3)
