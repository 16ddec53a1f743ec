"""Three training loops in the usual style, each with single mistakes that can be switched on."""

from __future__ import annotations

import numpy as np

# --- NumPy: proximal gradient descent, one network -------------------------------------------


def numpy_step(n, m, lam, *, rate=0.02, bug=None, dtype=np.float64, l1="proximal"):
    """A function step(W) -> W."""
    seen = {"calls": 0}

    def step(weights):
        weights = weights.astype(dtype)
        seen["calls"] += 1
        gram = weights @ weights.T
        if bug == "neurons first":
            turned = weights.T
            gram = turned @ weights
            gradient = (4 * (np.maximum(gram, 0) - np.eye(len(gram))) @ turned).T
        else:
            outputs = gram if bug == "no rectifier" else np.maximum(gram, 0)
            residual = outputs - (0 if bug == "no target" else np.eye(n))
            if bug == "only the diagonal":
                residual = residual * np.eye(n)
            gradient = (2 if bug == "one factor" else 4) * residual @ weights
        if bug == "mean over inputs":
            gradient = gradient / n
        strength = lam if bug == "quarter l1" else 4 * lam
        if bug == "weight decay":
            gradient = gradient + 0.1 * weights
        now = rate * 0.97 ** seen["calls"] if bug == "rate decays" else rate
        moved = weights - now * gradient
        threshold = (1 if bug == "threshold without rate" else now) * strength
        if l1 == "subgradient":
            result = moved - now * strength * np.sign(weights)
        else:
            result = np.maximum(np.abs(moved) - threshold, 0)
            if bug != "lost sign":
                result = np.sign(moved) * result
        if bug == "masked zeros":
            result = result * (weights != 0)
        return result.astype(dtype)

    return step


NUMPY_BUGS = {
    "neurons first": "neurons first",
    "no target": "lacks its target",
    "only the diagonal": "no interference",
    "mean over inputs": "averaged over {n} inputs",
    "quarter l1": "a quarter of ours",
    "threshold without rate": "lacks the learning rate",
    "lost sign": "loses the sign",
    "masked zeros": "masked",
    "rate decays": "remembers earlier calls",
}

# --- JAX style: pure functions over a stack of networks, optimizer state passed along --------


def functional_train(n, m, lam, *, rate=1e-3, decay=1e-2, bug=None, dtype=np.float64, steps=3000):
    """A function train(W, steps) -> W over (instances, n, m), with AdamW as optax has it."""

    def gradient(weights):
        gram = weights @ weights.swapaxes(-1, -2)
        if bug == "leaky":
            outputs = np.where(gram > 0, gram, 0.3 * gram)
            slopes = np.where(gram > 0, 1, 0.3)
        elif bug == "no rectifier":
            outputs, slopes = gram, 1.0
        else:
            outputs, slopes = np.maximum(gram, 0), gram > 0
        residual = (outputs - np.eye(n)) * slopes
        found = 4 * residual @ weights
        if bug == "stop gradient":
            found = found / 2
        if bug == "mean over outputs":
            found = found / n**2
        penalty = np.sign(weights)
        if bug == "group lasso":
            penalty = weights / np.linalg.norm(weights, axis=-1, keepdims=True)
        strength = {"four times l1": 16 * lam, "l1 as mean": 4 * lam / (n * m), "no l1": 0.0}
        found = found + strength.get(bug, 4 * lam) * penalty
        if bug == "coupled decay":
            found = found + decay * weights
        return found

    def update(weights, first, second, count):
        found = gradient(weights)
        first = 0.9 * first + 0.1 * found
        second = 0.999 * second + 0.001 * found**2
        change = first / (1 - 0.9**count) / (np.sqrt(second / (1 - 0.999**count)) + 1e-8)
        apart = 0.0 if bug in ("coupled decay", "decay forgotten") else rate * decay * weights
        return weights - rate * change - apart, first, second

    def train(weights, steps=steps):
        weights = weights.astype(dtype)
        if bug == "own start":
            weights = np.random.default_rng(0).normal(0, m**-0.5, weights.shape).astype(dtype)
        first, second = np.zeros_like(weights), np.zeros_like(weights)
        for count in range(1, steps + 1):
            if bug == "state lost":
                first, second, count = 0 * first, 0 * second, 1
            weights, first, second = update(weights, first, second, count)
        return weights.astype(dtype)

    return train


FUNCTIONAL_BUGS = {
    "leaky": "leaks with a slope of about 0.3",
    "group lasso": "group lasso",
    "stop gradient": "twice ours",
    "mean over outputs": "averaged over all {n2} outputs",
    "four times l1": "four times ours",
    "l1 as mean": "l1 term is averaged",
    "no l1": "no l1 term",
    "coupled decay": "coupled",
    "state lost": "made anew",
}

# --- PyTorch: instances, autograd, an optimizer of torch.optim -------------------------------


def torch_loop(n, m, lam, *, rate=0.01, bug=None, instances=4, optimizer="sgd", dtype=None):
    """A module, its optimizer, and a function step() that updates the module."""
    import torch

    class Autoencoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            shape = (instances, n, m)
            self.W = torch.nn.Parameter(torch.randn(shape, dtype=dtype or torch.float32) / m**0.5)
            if bug == "untied":
                self.V = torch.nn.Parameter(torch.randn(shape) / m**0.5)

        def forward(self, x):
            hidden = torch.einsum("ibf,ifh->ibh", x, self.W)
            if bug == "hidden rectifier":
                hidden = torch.relu(hidden)
            decoder = {"untied": getattr(self, "V", None), "detached": self.W.detach()}
            output = torch.einsum("ibh,ifh->ibf", hidden, decoder.get(bug, self.W))
            if bug == "sigmoid":
                return torch.sigmoid(output)
            return output if bug == "no rectifier" else torch.relu(output)

    torch.manual_seed(0)
    model = Autoencoder()
    inputs = torch.eye(n, dtype=model.W.dtype).expand(instances, -1, -1)
    kinds = {
        "sgd": lambda: torch.optim.SGD(
            model.parameters(), lr=rate, momentum=0.9 if "momentum" in str(bug) else 0.0
        ),
        "adamw": lambda: torch.optim.AdamW(model.parameters(), lr=rate),
    }
    descent = kinds[optimizer]()

    def step():
        if bug != "no zero_grad":
            descent.zero_grad()
        output = model(inputs)
        error = (output - inputs).abs() if bug == "absolute error" else (output - inputs) ** 2
        loss = error.sum()
        if bug == "mse mean":
            loss = torch.nn.functional.mse_loss(output, inputs)
        if bug == "mean over instances":
            loss = error.sum((1, 2)).mean()
        norm = torch.norm(model.W) if bug == "two-norm" else model.W.abs().sum()
        loss = loss + 4 * lam * norm
        loss.backward()
        descent.step()

    return model, descent, step


TORCH_BUGS = {
    "untied": "not tied",
    "hidden rectifier": "hidden layer",
    "detached": "half of ours",
    "momentum": "momentum",
    "no zero_grad": "zero_grad is missing",
    "mse mean": "reduction='mean'",
    "two-norm": "2-norm",
}
