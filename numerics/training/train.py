"""The training loop, for many independent networks at once."""

from __future__ import annotations

import pickle
import time as clock
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import array_api_compat as compat
import numpy as np

from .._arrays import (
    copied,
    device_name,
    dtype_name,
    is_foreign,
    is_torch_generator,
    namespace,
    on_host,
    put,
    taken,
    to_numpy,
)
from .._types import Array, Packed
from .._validate import check_array, check_lam, check_nonnegative, check_rng
from .batch import Batch
from .descent import Optimizer, State
from .gradient import Model, OneHot
from .optimizers import resolve_optimizer
from .place import placed
from .problem import Problem
from .records import Schedule
from .rest import in_double, several_weights
from .solution import Outcome, Solution

_DIVERGED = 1e3  # a weight of this size, against 1 at rest, has left the basin of any state
_BLOCK = 1 << 20  # weights of small networks that are stepped together, to share overheads
_LARGEST_START = 1e8  # of an initial weight; its fourth power must fit into single precision
_LARGE = 1 << 15  # weights of a network from which on it is trained alone
_DEVICE_BLOCK = 1 << 28  # weights that an accelerator steps together, to fit into its memory


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One step of the loop, as an observer sees it.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> sizes = []
    >>> start = numerics.initial_weights(2, 4, np.random.default_rng(0))
    >>> run = numerics.train(start, 0.1, observe=lambda step: sizes.append(step.size[0]))
    >>> len(sizes) == int(run.steps)
    True

    Parameters
    ----------
    time : numpy.ndarray, shape (networks,)
        Time after the step.
    size : numpy.ndarray, shape (networks,)
        Time that the step took; 0 for a network that rests.
    before, after : numpy.ndarray, shape (networks, n, m)
        The weights; to be read, not changed.
    problem : Problem
        Model and regularisers.

    Source
    ------
    paper_notes/training.md.
    """

    time: Array
    size: Array
    before: Array
    after: Array
    problem: Problem


def train(
    initial: Array,
    lam: float,
    *,
    optimizer: str | Optimizer = "flow",
    model: Model | None = None,
    l2: float = 0.0,
    rng: Any = None,
    record: Iterable[str] | Mapping[str, Callable[[Array], Array]] = (),
    record_at: Iterable[float] = (),
    observe: Callable[[Step], None] | None = None,
    progress: bool = False,
    throw: bool = False,
    **settings: Any,
) -> Solution:
    r"""Train one network, or many independent ones, until they rest.

    Descends :math:`L(W) + 4\lambda\lVert W\rVert_1 + 2\lambda_2\lVert W\rVert_2^2` from the
    given weights; the optimizer says by which steps, and with which error.

    The weights may be arrays of NumPy or of another library of the array API standard, such as
    PyTorch; all work on them is done there, on their device, and the weights of the solution are
    arrays of the same kind. Times, outcomes and records are arrays of NumPy. A model or an
    optimizer of your own takes other arrays than NumPy's only if it says so by ``array_api``.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(8, 32, np.random.default_rng(0), instances=2)
    >>> run = numerics.train(start, lam=0.02)
    >>> run.outcome.name
    'CONVERGED'
    >>> numerics.live_weights(run.weights).max()
    np.int64(1)

    Parameters
    ----------
    initial : array of NumPy, PyTorch, ..., shape (n, m) or (networks, n, m)
        Initial weights, float64 or float32; the run keeps library, device and type.
    lam : float
        The paper's lambda, in flow units.
    optimizer : str or Optimizer
        "flow", "splitting", "quasistatic", "sgd", "adamw", "rmsprop", "lion", or one of the
        classes :class:`Flow`, :class:`SplitFlow`, :class:`QuasiStatic`, :class:`SGD`,
        :class:`AdamW`, :class:`RMSprop`, :class:`Lion` with its settings.
    model : Model, optional
        What to train; :class:`OneHot` unless given.
    l2 : float
        Weight of an l2 regulariser, in flow units.
    rng : numpy.random.Generator or torch.Generator, optional
        For models that draw noise or data at each step. NumPy's draws are moved to the device, so
        that they are the same everywhere; SampledNoise also takes a generator of PyTorch on the
        device of its weights, which is faster there. ``stats["draws"]`` says which it was.
    record : names, or mapping of names to functions of the weights (networks, n, m)
        What to record, as arrays of NumPy: live_weights, l1_norm, row_norm2, fourth_norm,
        overlaps, winners, winner_signs, retained_winners, polysemantic_neurons,
        weight_correlation, weights. Of a model with a decoder or a bias, "weights" are all
        parameters; the others measure the encoder. What SGD and AdamW leave of weights that l1
        removes counts as zero.
    record_at : times, increasing
        When to record it, in the optimizer's time (flow time; steps for AdamW).
    observe : callable, optional
        Called with a :class:`Step` after each step; no neuron is left out then.
    progress : bool
        Show a progress bar.
    throw : bool
        Raise the errors of :meth:`Solution.as_asked` if the run does not end as asked.
    **settings
        Settings of the optimizer to replace, as ``max_time=100`` or ``steps=7500``.

    Returns
    -------
    Solution
        Weights, outcomes, records and costs. Ctrl-C ends the run: the solution holds what there
        is, and raises KeyboardInterrupt where its weights are used.

    Raises
    ------
    ValueError
        For a wrong argument; the message shows the value and what is allowed.
    TrainingError, KeyboardInterrupt
        Only with ``throw=True``.

    Source
    ------
    Lecomte et al. 2023, Sec. 2; paper_notes/training.md.
    """
    model = OneHot() if model is None else model
    unpacks = isinstance(initial, Packed) and hasattr(model, "unpack")
    initial = _check_start(check_array("initial", np.asarray(initial) if unpacks else initial))
    optimizer = resolve_optimizer(optimizer, settings)
    if is_foreign(initial):
        _check_library(initial, model, optimizer)
    if rng is not None:
        _check_draws(rng, initial, model)
    problem = Problem(
        lam=check_lam(lam),
        l2=check_nonnegative("l2", l2, "an l2 weight"),
        model=model,
        rng=rng,
    )
    batch = initial if initial.ndim == 3 else initial[None, ...]
    if not is_foreign(initial):
        own = observe is not None or isinstance(record, Mapping)  # functions for arrays of NumPy
        batch = placed(batch, anywhere=not own and not _of_numpy(model, optimizer))
    schedule = Schedule.of(record, record_at, batch, problem, optimizer)
    loop = _Loop(batch, problem, optimizer, schedule, observe)
    started = clock.perf_counter()
    loop.run(progress)
    stats = {
        "seconds": clock.perf_counter() - started,
        "evaluations": loop.evaluations,
        "device": device_name(batch),
        "dtype": dtype_name(batch),
        "draws": str(rng.device) if is_torch_generator(rng) else "numpy",
    }
    weights = loop.weights if is_foreign(initial) else to_numpy(loop.weights)
    solution = Solution.of_stack(
        problem.marked(initial),
        partial_weights=problem.marked(weights),
        lam=problem.lam,
        optimizer=optimizer,
        outcomes=loop.outcomes,
        time=loop.time,
        steps=loop.steps,
        records={"time": schedule.times, **schedule.values} if schedule.measures else {},
        stats=stats,
    )
    return solution.as_asked() if throw else solution


class _Loop:
    """One run over all networks: the weights, the time and the steps of each."""

    def __init__(
        self,
        initial: Array,
        problem: Problem,
        optimizer: Optimizer,
        schedule: Schedule,
        observe: Callable[[Step], None] | None,
    ):
        self.initial, self.weights = initial, copied(initial)
        self.problem, self.optimizer = problem, optimizer
        self.schedule, self.observe = schedule, observe
        networks = initial.shape[0]
        self.time = np.zeros(networks)
        self.steps = np.zeros(networks, int)
        self.recorded = np.zeros(networks, int)
        self.outcomes = np.full(networks, Outcome.INTERRUPTED, dtype=object)
        self.scale = _largest(initial)  # of the initial weights of each network
        self.undrawn = _drawn_state(problem.rng)
        self.undecided: list[int] = []  # they rest in single precision, perhaps not in double
        self.evaluations = 0

    def run(self, progress: bool) -> None:
        from tqdm import tqdm

        _keep_freed_memory()
        networks, n, m = self.initial.shape
        size = n * m
        if self.optimizer.one_by_one:
            block = 1
        elif self.observe is not None or self.problem.rng or not self.optimizer.ends_at_rest:
            block = networks
        elif on_host(self.initial):
            block = 1 if size >= _LARGE else _BLOCK // size
        else:
            block = max(1, _DEVICE_BLOCK // size)
        total, unit = networks, "network"
        if not self.optimizer.ends_at_rest:
            total, unit = self.optimizer.max_steps, "step"
        try:
            with (
                tqdm(total=total, unit=unit, disable=not progress) as self.bar,
                np.errstate(over="ignore", invalid="ignore"),
            ):
                for first in range(0, networks, block):
                    which = np.arange(first, min(first + block, networks))
                    self._run_block(which, taken(self.weights, which))
                    self._decide()
        except KeyboardInterrupt:
            if Outcome.INTERRUPTED not in self.outcomes:  # no outcome would tell of it
                raise

    def _decide(self) -> None:
        """Continue in double precision where weights balance in single precision."""
        which, self.undecided = np.array(self.undecided, int), []
        if which.size:
            finer = in_double(taken(self.weights, which), taken(self.initial, which))
            self._run_block(which, finer)

    def _run_block(self, which: Array, weights: Array) -> None:
        batch = Batch(which, weights)
        state = self.optimizer.start(batch.weights, self.problem)
        self._record(batch)
        reduce = self.observe is None and self.optimizer.reduce
        drop = reduce and self.problem.model.keeps_zero_neurons
        set_aside = reduce and self.problem.decouples
        count = 0
        try:
            while batch.which.size:
                before, limit = batch.weights, self._limit(batch.which)
                batch.weights, size = self.optimizer.step(before, self.problem, limit, state)
                count += 1
                self.evaluations += len(batch.which)
                self.time[batch.which] += size
                self.steps[batch.which] += 1
                self._record(batch)
                if self.observe is not None:
                    self._show(batch, before, size)
                ending = self._ending(batch.which)
                failures = _failures(state.outcome, ending.size) if state.outcome else {}
                if failures:
                    ending[list(failures)] = True
                if count % self.optimizer.check_every == 0 or ending.any():
                    telling = (size < limit) & (_drawn_state(self.problem.rng) == self.undrawn)
                    resting = self._settle(batch, before, size, telling, ending, failures, state)
                    if set_aside and batch.which.size:
                        kept = batch.set_aside(resting)
                        if kept is not None:
                            state.keep(kept)
                    elif drop:
                        batch.drop_zero_neurons()
                if not self.optimizer.ends_at_rest:
                    self.bar.update()
        finally:
            batch.store(self.weights)

    def _limit(self, which: Array) -> Array:
        """Time until the next record or the end of the run."""
        limit = self.optimizer.max_time - self.time[which]
        if not self.schedule.times.size:
            return limit
        times = np.append(self.schedule.times, np.inf)
        return np.minimum(limit, times[self.recorded[which]] - self.time[which])

    def _record(self, batch: Batch) -> None:
        if not self.schedule.times.size:
            return
        times = np.append(self.schedule.times, np.inf)
        for row in np.flatnonzero(self._due(batch.which, times)).tolist():
            network, now = int(batch.which[row]), batch.full(np.array([row]))
            while self._due(network, times):
                self._store_record(network, now)

    def _due(self, which: Any, times: Array) -> Any:
        """Which networks have reached the time of their next record."""
        return self.time[which] >= times[self.recorded[which]] * (1 - 1e-12)

    def _store_record(self, network: int, now: Array) -> None:
        if namespace(now).all(namespace(now).isfinite(now)):
            initial = self.initial[network : network + 1, ...]
            self.schedule.store(self.recorded[network], network, initial, now)
        self.recorded[network] += 1

    def _ending(self, which: Array) -> Array:
        return self._out_of_time(which) | (self.steps[which] >= self.optimizer.max_steps)

    def _out_of_time(self, which: Array) -> Array:
        return np.asarray(self.time[which] >= self.optimizer.max_time * (1 - 1e-12))

    def _settle(
        self,
        batch: Batch,
        before: Array,
        size: Array,
        telling: Array,
        ending: Array,
        failures: dict[int, Outcome],
        state: State,
    ) -> Array:
        """Remove the networks whose run is over from the batch, and note how it ended.

        Only a telling step can show rest: one that was not cut short, by a record or the end of
        the run, and that drew no noise or data. Returns which rows are at rest.
        """
        largest = _largest(batch.weights)
        diverged = np.logical_not(largest < _DIVERGED * np.maximum(1, self.scale[batch.which]))
        dead = np.logical_and(largest == 0, ~batch.any_set_aside)
        rows = self.optimizer.resting_rows(before, batch.weights, size, self.problem)
        rows = rows & telling[:, None]
        still: Array = np.asarray(rows.all(axis=-1))
        undecided = still & ~(diverged | ending) & self._may_balance(batch.weights)
        resting = still & ~undecided
        collapsed = dead & (resting | ending)
        ended = diverged | resting | ending | collapsed
        out_of_time = self._out_of_time(batch.which)
        for row in np.flatnonzero(ended).tolist():
            network = int(batch.which[row])
            if diverged[row]:
                outcome = Outcome.DIVERGED
            elif collapsed[row]:
                outcome = Outcome.COLLAPSED
            elif resting[row]:
                outcome = Outcome.CONVERGED
            else:
                asked = not self.optimizer.ends_at_rest or out_of_time[row]
                outcome = Outcome.COMPLETED if asked else Outcome.OUT_OF_STEPS
                outcome = failures.get(row, outcome)
            later = range(self.recorded[network], len(self.schedule.times))
            if later and resting[row] and not diverged[row]:  # at rest they are all the same
                now = batch.full(np.array([row]))
                for _ in later:
                    self._store_record(network, now)
            self.outcomes[network] = outcome  # last: an interrupted run has none
        self.undecided += batch.which[undecided].tolist()
        over = ended | undecided
        if over.any():
            if self.optimizer.ends_at_rest:
                self.bar.update(int((over & ~undecided).sum()))
            if self.optimizer.ends_at_rest or over.all():
                kept = batch.keep(~over, self.weights)
                rows = rows[kept]
                if isinstance(state, State):
                    state.keep_networks(kept)
        return rows

    def _may_balance(self, weights: Array) -> Array:
        """Which networks have rows of several weights whose rest double precision must confirm."""
        regularised = self.problem.lam or self.optimizer.regularises
        if not regularised or weights.dtype == namespace(weights).float64:
            return np.zeros(weights.shape[0], bool)
        return np.asarray(several_weights(weights).any(axis=-1))

    def _show(self, batch: Batch, before: Array, size: Array) -> None:
        after, earlier = copied(self.weights), copied(self.weights)
        put(earlier, batch.which, before)
        put(after, batch.which, batch.weights)
        sizes = np.zeros(self.initial.shape[0])
        sizes[batch.which] = size
        self.observe(  # type: ignore[misc]
            Step(
                time=self.time.copy(),
                size=sizes,
                before=self.problem.marked(earlier),
                after=self.problem.marked(after),
                problem=self.problem,
            )
        )


@cache
def _keep_freed_memory() -> None:
    """Let glibc reuse the memory of large temporary arrays, which takes half the time of AdamW.

    It returns freed memory to the system, and each new page of it costs a fault, unless a block of
    up to 32 MB was freed before.
    """
    np.empty(31 << 20, np.uint8)


def _failures(outcome: Outcome | dict[int, Outcome], networks: int) -> dict[int, Outcome]:
    """The outcome that a step gave to some networks, by their places in the batch."""
    if isinstance(outcome, Outcome):
        return dict.fromkeys(range(networks), outcome)
    return outcome


def _largest(weights: Array) -> Array:
    """The size of the largest weight of each network."""
    xp = namespace(weights)
    return to_numpy(xp.max(xp.abs(weights), axis=(-2, -1)))


def _of_numpy(model: Model, optimizer: Optimizer) -> list[Any]:
    """Which of the two take arrays of NumPy alone."""
    return [part for part in (model, optimizer) if not getattr(part, "array_api", False)]


def _check_library(initial: Array, model: Model, optimizer: Optimizer) -> None:
    library = namespace(initial).__name__.split(".")[-1]
    for part in _of_numpy(model, optimizer):
        raise ValueError(
            f"Got initial as an array of {library}; {type(part).__name__} computes in NumPy: give "
            "an array of NumPy, for example initial.cpu().numpy()."
        )
    if compat.is_jax_array(initial):
        raise ValueError(
            "Got initial as an array of JAX, which cannot be written to; give one of NumPy or "
            "PyTorch."
        )


def _check_start(initial: Array) -> Array:
    largest = float(_largest(initial).max())
    if largest > _LARGEST_START:
        raise ValueError(
            f"Got initial with a weight of size {largest:.3g}; the size must be at most "
            f"{_LARGEST_START:g} (a converged weight has size about 1): scale the initial weights."
        )
    return initial


def _check_draws(rng: Any, initial: Array, model: Model) -> None:
    if not is_torch_generator(rng):
        check_rng(rng)
        return
    places = {str(rng.device), device_name(initial) if is_foreign(initial) else "numpy"}
    if not getattr(model, "draws_on_device", False) or len(places) > 1:
        raise ValueError(
            f"Got rng of PyTorch on {rng.device} for {type(model).__name__} with initial weights "
            f"on {device_name(initial)}; it serves SampledNoise with a tensor on its own device: "
            "give numpy.random.default_rng(seed)."
        )


def _drawn_state(rng: Any) -> bytes:
    """A state of the generator, which differs once something was drawn."""
    if is_torch_generator(rng):
        return bytes(rng.get_state().numpy())
    return b"" if rng is None else pickle.dumps(rng.bit_generator.state)
