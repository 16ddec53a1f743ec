"""The two PyTorch programs that we are measured against, written plainly and written with care."""

import torch


class AuthorsProgram:
    """What the authors' program does: autograd, AdamW, einsum over instances, float32.

    The batch of all one-hot inputs goes through the einsums as it is, and the noise vector is
    added although it is zero. The initial weights are those of one network or of a stack.
    """

    def __init__(self, initial, lam_code=1e-3, lr=1e-3, device="cpu"):
        stack = torch.tensor(initial, dtype=torch.float32, device=device)
        self.weights = torch.nn.Parameter(stack.reshape(-1, *stack.shape[-2:]))
        instances, n, m = self.weights.shape
        self.batch = torch.eye(n, device=device).expand(instances, -1, -1)
        self.noise = torch.zeros(m, device=device)
        self.lam_code = lam_code
        self.optimizer = torch.optim.AdamW([self.weights], lr=lr)

    def step(self):
        self.optimizer.zero_grad()
        hidden = torch.einsum("...ibf,ifh->...ibh", self.batch, self.weights) + self.noise
        output = torch.relu(torch.einsum("...ibh,ifh->...ibf", hidden, self.weights))
        loss = torch.nn.functional.mse_loss(output, self.batch, reduction="sum")
        loss = loss + self.lam_code * torch.norm(self.weights, p=1)
        loss.backward()
        self.optimizer.step()


@torch.no_grad()
def hand_flow(initial, lam, safety=0.4, tolerance=1e-6, max_steps=1_000_000):
    """The proximal flow with the gradient by hand: two products and a shrink, in place.

    Same steps as ours and the same test of rest, every 16 steps; returns weights and steps.
    """
    weights = torch.tensor(initial)
    n = len(weights)
    diagonal = torch.arange(n)
    overlap, new = weights.new_empty(n, n), torch.empty_like(weights)
    for step in range(1, max_steps + 1):
        torch.mm(weights, weights.T, out=overlap)
        overlap.clamp_(min=0)
        h = safety / max(1.0, float(overlap.sum(1).max())) ** 3
        overlap.mul_(-h)
        overlap[diagonal, diagonal] += 1 + h
        torch.mm(overlap, weights, out=new)
        torch.nn.functional.softshrink(new, lam * h, out=new)
        if step % 16 == 0:
            moved = float((new - weights).abs().max())
            if moved <= tolerance * lam * h + 4 * torch.finfo(new.dtype).eps:
                return new.numpy(), step
        weights, new = new, weights
    return weights.numpy(), max_steps
