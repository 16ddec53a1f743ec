"""The optimizers that take steps, with all options: against PyTorch, and weight by weight."""

import math

import numpy as np
import pytest

from polysem import numerics

LAM = 0.01
STEPS = 200
# the optimizer, its settings, and what PyTorch calls them (None: it has no such optimizer)
OPTIMIZERS = {
    "adamw": ("adamw", {}, ("AdamW", {"lr": 1e-3, "weight_decay": 1e-2})),
    "adamw-options": (
        "adamw",
        {"betas": (0.5, 0.9), "epsilon": 1e-3, "weight_decay": 0.3, "learning_rate": 3e-3},
        ("AdamW", {"lr": 3e-3, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.3}),
    ),
    "amsgrad": (
        "adamw",
        {"amsgrad": True, "betas": (0.9, 0.9), "learning_rate": 1e-2},
        ("AdamW", {"lr": 1e-2, "betas": (0.9, 0.9), "weight_decay": 1e-2, "amsgrad": True}),
    ),
    "rmsprop": (
        "rmsprop",
        {"beta2": 0.9, "epsilon": 1e-4},
        ("RMSprop", {"lr": 1e-3, "alpha": 0.9, "eps": 1e-4}),
    ),
    "rmsprop-decay": ("rmsprop", {"weight_decay": 0.3, "learning_rate": 3e-3}, None),
    "lion": ("lion", {"learning_rate": 1e-3, "weight_decay": 0.3}, None),
    "sign": ("lion", {"learning_rate": 1e-3, "betas": (0.0, 0.0)}, None),
    "sgd": ("sgd", {}, ("SGD", {"lr": 0.02})),
    "momentum": ("sgd", {"momentum": 0.9}, ("SGD", {"lr": 0.02, "momentum": 0.9})),
    "nesterov": (
        "sgd",
        {"momentum": 0.7, "nesterov": True, "learning_rate": 0.01},
        ("SGD", {"lr": 0.01, "momentum": 0.7, "nesterov": True}),
    ),
    "row-mean": ("adamw", {"row_mean": True}, None),
}
SCHEDULES = {
    "constant": numerics.RateSchedule(),
    "warm-up": numerics.RateSchedule(warm_up=50),
    "cosine": numerics.RateSchedule(decay="cosine"),
    "both": numerics.RateSchedule(warm_up=50, decay="cosine"),
}


def start():
    """Two networks whose rows overlap, with weights of both signs."""
    return numerics.initial_weights(5, 7, np.random.default_rng(4), instances=2)


def trained(name, schedule, steps=STEPS):
    optimizer, settings, _ = OPTIMIZERS[name]
    return numerics.train(
        start(), LAM, optimizer=optimizer, steps=steps, schedule=schedule, **settings
    ).weights


def torch_schedule(torch, optimizer, schedule):
    """The same schedule from PyTorch's own classes."""
    rates = torch.optim.lr_scheduler
    w = schedule.warm_up
    after = rates.ConstantLR(optimizer, factor=1.0)
    if schedule.decay == "cosine":
        after = rates.CosineAnnealingLR(optimizer, T_max=STEPS - w)
    if not w:
        return after
    rise = rates.LinearLR(optimizer, start_factor=1 / w, total_iters=w - 1)
    return rates.SequentialLR(optimizer, [rise, after], milestones=[w])


def slow_gradient(weights, lam):
    """The subgradient of the whole loss, from the derivative of each entry of it."""
    n, m = len(weights), len(weights[0])
    result = [[4 * lam * ((w > 0) - (w < 0)) for w in row] for row in weights]
    for i in range(n):
        for j in range(n):
            overlap = sum(a * b for a, b in zip(weights[i], weights[j], strict=True))
            outer = 2 * (max(overlap, 0.0) - (i == j)) * (overlap > 0)
            for k in range(m):
                result[i][k] += outer * weights[j][k]
                result[j][k] += outer * weights[i][k]
    return result


def slow_step(kind, options, rate, w, memory, squares):
    """The step of one weight, from the papers, with its gradients so far and their squares."""
    g, step = memory[-1], len(memory)

    def mean(values, beta):
        return (1 - beta) * sum(v * beta**a for a, v in enumerate(reversed(values)))

    if kind == "sgd":
        mu = options.get("momentum", 0.0)
        total = sum(v * mu**a for a, v in enumerate(reversed(memory)))
        return w - rate * (g + mu * total if options.get("nesterov") else total)
    w *= 1 - rate * options.get("weight_decay", 1e-2 if kind == "adamw" else 0.0)
    epsilon = options.get("epsilon", 1e-8)
    if kind == "rmsprop":
        return w - rate * g / (math.sqrt(mean(squares, options.get("beta2", 0.99))) + epsilon)
    beta1, beta2 = options.get("betas", (0.9, 0.999 if kind == "adamw" else 0.99))
    if kind == "lion":
        before = mean(memory[:-1], beta2)
        change = beta1 * before + (1 - beta1) * g
        return w - rate * ((change > 0) - (change < 0))
    past = range(1, step + 1) if options.get("amsgrad") else (step,)
    second = max(mean(squares[:t], beta2) for t in past) / (1 - beta2**step)
    return w - rate * mean(memory, beta1) / (1 - beta1**step) / (math.sqrt(second) + epsilon)


def slow_descent(kind, initial, rates, options):
    weights = initial.tolist()
    n, m = initial.shape
    memory = [[([], []) for _ in range(m)] for _ in range(n)]
    for rate in rates:
        gradient = slow_gradient(weights, LAM)
        for i, row in enumerate(gradient):
            mean = sum(g**2 for g in row) / m
            for k, g in enumerate(row):
                first, squares = memory[i][k]
                first.append(g)
                squares.append(mean if options.get("row_mean") else g**2)
                weights[i][k] = slow_step(kind, options, rate, weights[i][k], first, squares)
    return weights


@pytest.mark.filterwarnings("ignore:.*epoch parameter:UserWarning")
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", [name for name, entry in OPTIMIZERS.items() if entry[2]])
def test_every_optimizer_agrees_with_pytorch(name, schedule):
    torch = pytest.importorskip("torch")
    kind, settings = OPTIMIZERS[name][2]
    weights = torch.nn.Parameter(torch.tensor(start()))
    optimizer = getattr(torch.optim, kind)([weights], **settings)
    rates = torch_schedule(torch, optimizer, SCHEDULES[schedule])
    target = torch.eye(5, dtype=weights.dtype).expand(2, -1, -1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        output = torch.relu(weights @ weights.transpose(-1, -2))
        loss = ((output - target) ** 2).sum() + 4 * LAM * weights.abs().sum()
        loss.backward()
        optimizer.step()
        rates.step()
    theirs = weights.detach().numpy()
    np.testing.assert_allclose(trained(name, SCHEDULES[schedule]), theirs, rtol=0, atol=1e-10)
    assert np.abs(theirs - start()).max() > 0.02  # they have moved


@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_agrees_weight_by_weight(name, scheduled):
    optimizer, settings, _ = OPTIMIZERS[name]
    settings = {"learning_rate": numerics.optimizers()[optimizer]().learning_rate} | settings
    schedule, factors = numerics.RateSchedule(), [1.0] * 40
    if scheduled:
        schedule = numerics.RateSchedule(warm_up=10, decay="cosine")
        decay = [(1 + math.cos(math.pi * k / 30)) / 2 for k in range(30)]
        factors = [step / 10 for step in range(1, 11)] + decay
    rates = [settings["learning_rate"] * factor for factor in factors]
    ours = trained(name, schedule, 40)
    for network, initial in zip(ours, start(), strict=True):
        expected = slow_descent(optimizer, initial, rates, settings)
        np.testing.assert_allclose(network, expected, rtol=0, atol=1e-12)


def test_a_schedule_is_a_ramp_and_a_cosine():
    schedule = numerics.RateSchedule(warm_up=4, decay="cosine")
    factors = [schedule.factor(step, 12) for step in range(1, 13)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0]
    expected = [math.cos(math.pi * k / 16) ** 2 for k in range(8)]
    np.testing.assert_allclose(factors[4:], expected, rtol=1e-12)
    assert numerics.RateSchedule(warm_up=20, decay="cosine").factor(12, 12) == 0.6


def test_adamw_does_not_see_a_factor_on_the_loss_and_sgd_does():
    """A loss averaged over n inputs with lambda is 1 / n of the summed loss with n lambda."""

    class Averaged(numerics.OneHot):
        def gradient(self, weights, rng=None):
            return super().gradient(weights, rng) / weights.shape[-2]

    for optimizer, same in ((numerics.AdamW(epsilon=1e-30), True), (numerics.SGD(), False)):
        averaged, summed = (
            numerics.train(start(), lam, optimizer=optimizer, model=model, steps=100).weights
            for model, lam in ((Averaged(), LAM), (numerics.OneHot(), 5 * LAM))
        )
        assert np.allclose(averaged, summed, atol=1e-9) == same


def test_the_time_of_momentum_is_flow_time():
    """Small steps with momentum follow the flow, 1 / (1 - mu) times as fast."""
    run = numerics.train(
        start(), 0.0, optimizer="sgd", momentum=0.75, learning_rate=1e-5, steps=12_500
    )
    np.testing.assert_allclose(run.time, 2.0)
    flow = numerics.train(start(), 0.0, step_size=1e-3, max_time=2.0)
    np.testing.assert_allclose(run.weights, flow.weights, atol=2e-3)


def test_the_interventions_act_under_adamw():
    initial = numerics.initial_weights(4, 16, np.random.default_rng(0))
    whole = numerics.train(initial, LAM, optimizer="adamw", steps=300).weights
    same = numerics.train(
        initial, LAM, optimizer="adamw", steps=300, model=numerics.AlteredInterference()
    ).weights
    np.testing.assert_allclose(same, whole, atol=1e-9)
    for change in ({"model": numerics.AlteredInterference(support=0.0)}, {"row_mean": True}):
        altered = numerics.train(initial, LAM, optimizer="adamw", steps=300, **change).weights
        assert np.abs(altered - whole).max() > 0.01


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("adamw", {"schedule": "cosine"}, "Got schedule='cosine'; give numerics.RateSchedule"),
        ("rmsprop", {"beta2": 1.0}, "Got beta2=1.0; beta2 is the decay of the second moment"),
        ("lion", {"betas": (0.9, 1.0)}, r"Got betas=\(0.9, 1.0\); give two numbers"),
        ("lion", {"weight_decay": -1}, "Got weight_decay=-1"),
        ("sgd", {"momentum": 1.0}, "Got momentum=1.0; momentum is the part"),
        ("sgd", {"momentum": 0.9, "l1": "proximal"}, "the proximal map has no momentum"),
    ],
)
def test_settings_are_checked(name, settings, words):
    with pytest.raises(ValueError, match=words):
        numerics.resolve_optimizer(name, settings)


def test_a_schedule_checks_its_settings():
    with pytest.raises(ValueError, match="Got warm_up=-1; warm_up is a number of steps"):
        numerics.RateSchedule(warm_up=-1)
    with pytest.raises(ValueError, match="Got decay='linear'; choose one of constant, cosine"):
        numerics.RateSchedule(decay="linear")
