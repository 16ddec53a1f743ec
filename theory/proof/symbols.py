"""The letters of the theory: symbol, assumptions, meaning, shape and unit of each.

Code uses the argument names given here; the paper's own letter stands beside each.
"""

from collections import ChainMap
from dataclasses import dataclass
from functools import partial
from keyword import iskeyword

import sympy as sp


@dataclass(frozen=True)
class Letter:
    """One letter of the theory: a SymPy symbol and what it stands for.

    Parameters
    ----------
    argument : str
        The name under which Python functions take the quantity.
    symbol : sympy.Symbol
        The symbol, with its assumptions.
    meaning : str
        What it stands for, in words.
    unit : str
        Its unit, in words ("none" for a pure number).
    shape : str
        "scalar", or the shape of the array for which the symbol stands.
    paper : str
        The letter that the paper uses ("-" where it has none).
    """

    argument: str
    symbol: sp.Symbol
    meaning: str
    unit: str = "none"
    shape: str = "scalar"
    paper: str = "-"


LETTERS: dict[sp.Symbol, Letter] = {}
"""The letters of the theory, by symbol."""
KNOWN: ChainMap[sp.Symbol, Letter] = ChainMap({}, LETTERS)
"""The letters that users created with :func:`letter`, and those of the theory."""


def _letter(
    argument: str,
    name: str,
    meaning: str,
    unit: str = "none",
    *,
    paper: str = "-",
    **assumptions: bool,
) -> sp.Symbol:
    symbol = sp.Symbol(name, **assumptions)
    LETTERS[symbol] = Letter(argument, symbol, meaning, unit, paper=paper)
    return symbol


def entry(symbol: sp.Symbol) -> Letter:
    """The entry of a symbol in the table of letters."""
    return KNOWN[symbol]


def letter(
    argument: str, meaning: str, *, symbol: str = "", unit: str = "none", **assumptions: bool
) -> sp.Symbol:
    """Create a letter of your own, with which you can write formulas and claims.

    The letters of the theory are in ``theory.symbols``. To create a letter again with the same
    words gives the same symbol.

    >>> from polysem import theory
    >>> mu = theory.letter("mu", "weight of the l2 penalty", unit="flow", positive=True)
    >>> shrunk = theory.Formula(
    ...     name="shrunk", expression=1 / (1 + mu), arguments=(mu,), source="my notes",
    ...     meaning="The stationary weight.", example=">>> shrunk(mu=1)\\n0.5",
    ... )
    >>> shrunk(mu=3)
    0.25

    Parameters
    ----------
    argument : str
        The name under which functions take the quantity.
    meaning : str
        What it stands for, in words.
    symbol : str, optional
        How the letter is printed, in SymPy's notation ("mu_2"); by default the argument name.
    unit : str, optional
        Its unit, in words ("none" for a pure number).
    **assumptions : bool
        Assumptions of SymPy, such as ``positive=True`` or ``integer=True``.

    Returns
    -------
    sympy.Symbol

    Raises
    ------
    ValueError
        Where another letter has the argument name or is printed in the same way, the argument
        is no name of Python, or no meaning is given.

    Source
    ------
    paper_notes/your_claims.md
    """
    if not argument.isidentifier() or iskeyword(argument) or not meaning.strip():
        raise ValueError(
            f"Got the letter {argument!r} with the meaning {meaning!r}; give a name that Python "
            "accepts as an argument, and say in words what it stands for."
        )
    new = Letter(argument, sp.Symbol(symbol or argument, **assumptions), meaning, unit)
    for old in KNOWN.values():
        if old != new and (old.argument == argument or old.symbol.name == new.symbol.name):
            raise ValueError(
                f"The letter {argument!r} (printed as {new.symbol}) conflicts with the letter "
                f"{old.argument!r} (printed as {old.symbol}), which stands for the {old.meaning}; "
                "choose another argument name or another symbol=..."
            )
    KNOWN[new.symbol] = new
    return new.symbol


_size = partial(_letter, integer=True, positive=True)
_count = partial(_letter, integer=True, nonnegative=True)
_positive = partial(_letter, positive=True)
_nonnegative = partial(_letter, nonnegative=True)
_real = partial(_letter, real=True)

n = _size("n", "n", "number of features", paper="n")
m = _size("m", "m", "number of neurons", paper="m")
k = _count("k", "k", "number of polysemantic neurons")
r = _count("r", "r", "order of a moment")
steps = _count("steps", "N", "number of optimizer steps")
i = _size("i", "i", "index of a feature", paper="i")
j = _size("j", "j", "index of another feature", paper="j")
p = _size("p", "p", "index of a feature in a double sum")
q = _size("q", "e", "index of the other feature in a double sum")
g = _size("g", "g", "index of a neuron in a sum")
h = _size("h", "h", "index of another neuron in a sum")
l = _size("l", "l", "index of a neuron", paper="k")  # noqa: E741

lam = _nonnegative("lam", "lambda", "weight of the l1 regulariser", "flow", paper="λ")
lam_code = _nonnegative(
    "lam_code",
    "lambda_code",
    "weight of the l1 regulariser in the authors' program, 4 lambda",
    "summed loss",
)
l2 = _nonnegative("l2", "lambda_2", "weight of the l2 regulariser", "flow")
t = _nonnegative("t", "t", "time", "flow", paper="t")
step_size = _positive("step_size", "delta", "step size of SGD on the summed loss", "summed loss")
scale = _positive("scale", "s", "standard deviation of an initial weight", "weight")

w = _positive("weight", "w", "non-zero weight of a stationary row", "weight")
a = _positive("a", "a", "weight of one feature on a shared neuron", "weight")
c = _positive("c", "c", "weight of the other feature on a shared neuron", "weight")
gap = _positive("gap", "Delta", "initial difference of two weights, in units of a")
larger = _positive("larger", "w_a", "size of a weight of a row", "weight")
smaller = _positive("smaller", "w_b", "size of a smaller weight of the same row", "weight")
largest = _positive("largest", "x_max", "largest initial weight of a row", "weight")
initial = _nonnegative("initial", "x", "size of an initial weight, |W_ik(0)|", "weight")
initial_norm = _positive("initial_norm", "rho", "Euclidean norm of the initial row", "weight")

common = _positive("common_amplitude", "A", "common amplitude of the live weights of a row")
inverse_square = _positive(
    "inverse_amplitude_squared", "u", "inverse square of the common amplitude"
)
threshold = _nonnegative(
    "threshold", "B", "threshold below which initial weights are dead", "weight"
)
relative_threshold = _nonnegative(
    "relative_threshold", "b", "threshold in units of the initial standard deviation"
)
past_threshold = _nonnegative(
    "past_threshold", "b_1", "threshold already passed, in units of the initial standard deviation"
)
live = _nonnegative("live", "M_0", "number of live weights of a row", paper="m'")
excess1 = _positive(
    "excess1", "M_1", "sum of the excesses of the initial weights over the threshold", "weight"
)
excess2 = _positive(
    "excess2",
    "M_2",
    "sum of the squared excesses of the initial weights over the threshold",
    "weight squared",
)
kick_size = _nonnegative(
    "kick_size", "delta_k", "standard deviation of a kick in units of the gap below the winner"
)
pair_constant = _positive(
    "pair_constant", "J", "constant of the dense pair problem, Var(kick) = J nu/c"
)
l1_strength = _positive(
    "l1_strength", "Lambda", "l1 weight in units of the initial weights, lambda sqrt(m)"
)

sigma = _positive(
    "sigma", "sigma", "standard deviation of the noise on a neuron", "hidden activation", paper="σ"
)
kurtosis = _real("kurtosis", "kappa", "excess kurtosis of the noise on a neuron")
sixth_cumulant = _real(
    "sixth_cumulant", "lambda_6", "sixth cumulant of the noise on a neuron over sigma^6"
)
row_norm2 = _positive("row_norm2", "q", "squared norm of a row of weights", "weight squared")
fourth_norm = _positive("fourth_norm", "F", "sum of the fourth powers of a row", "weight^4")
sixth_norm = _positive("sixth_norm", "H", "sum of the sixth powers of a row", "weight^6")
overlap = _real("overlap", "u_ij", "inner product of two rows", "weight squared")
row_noise = _positive(
    "row_noise", "s_j", "standard deviation of the noise on an output", "weight squared"
)
overlap_kurtosis = _real("overlap_kurtosis", "kappa_4", "excess kurtosis of the noise on an output")
overlap_sixth = _real(
    "overlap_sixth", "kappa_6", "sixth standardized cumulant of the noise on an output"
)
draw = _positive("draw", "z", "size of one draw of the noise on an output", "weight squared")
depth = _nonnegative("depth", "d", "size of a negative inner product", "weight squared")
tilt = _real("tilt", "theta", "argument of a cumulant generating function")
rate = _real("rate", "r_j", "rate at which noise makes a row sparse", "per flow time")
share = _positive("share", "x_k", "share of one weight in the squared norm of its row")
share_start = _positive("share_start", "x_0", "share of one weight at the start")
concentration = _positive("concentration", "C", "sum of the squared shares of a row, F/q^2")
clock = _nonnegative("clock", "zeta", "rescaled time of the replicator equation, below 1/max share")
half_rotation = _positive("half_rotation", "tau_half", "time to half growth in units of 1/rate")
spread_count = _count("spread_rows", "n_s", "number of rows that are spread over the neurons")

single_weight = _positive(
    "single_weight",
    "p_1",
    "weight of one of two features active without the other",
    "loss per squared error",
)
pair_weight = _positive(
    "pair_weight", "p_2", "weight of a pair of features active together", "loss per squared error"
)
pair_ratio = _positive("pair_ratio", "varrho", "weight of both features over that of one alone")
strength = _nonnegative("strength", "r_c", "weight of a pair of features over lambda")
fraction = _nonnegative("fraction", "f_c", "fraction of the pairs of features that co-occurs")
activation_probability = _positive(
    "activation_probability", "p_a", "probability that a feature is active"
)
angle = _real("angle", "vartheta", "angle by which a row has turned away from its neuron")
shared_weight = _positive("shared_weight", "x_s", "weight of a unit row on the shared neuron")
opposite_weight = _positive(
    "opposite_weight", "y_s", "size of the other row's weight on the shared neuron"
)
multiplier = _real("multiplier", "mu_r", "rate that keeps a row at norm 1")
sprout = _positive("sprout", "epsilon", "small weight of a feature on another neuron", "weight")
shift = _real("shift", "varphi", "angle by which the other row has turned away from the neuron")
antipodal_overlap = _positive(
    "antipodal_overlap", "s_o", "minus the overlap of two features of norm 1", "weight squared"
)
perturbation = _positive("perturbation", "tau", "standard deviation of noise on weights or inputs")
ablation_probability = _positive(
    "ablation_probability", "delta_a", "probability that a neuron is silenced"
)
active_value = _real("active_value", "v_1", "value of an active feature")
norm_time = _nonnegative("norm_time", "X", "product of lambda, t and the l1 norm of a row")
height = _positive("height", "h_w", "height of the winner over the sparse threshold, in gaps")
last_stage = _positive(
    "last_stage",
    "chi",
    "root of the fraction of live weights left from the first stage to the last",
)
lag = _nonnegative("lag", "D", "difference of two thresholds, in gaps")
inverse_amplitude = _positive("inverse_amplitude", "v", "inverse of the common amplitude of a row")
mean_excess2 = _nonnegative(
    "mean_excess2",
    "mu_2",
    "mean squared excess of a weight over the threshold, in units of its variance",
)
omega = _positive(
    "omega",
    "omega",
    "weight of an opposite pair on one neuron, over that of features that are independent",
)
kick = _real("kick", "eta", "kick of one weight, in units of the standard deviation of kicks")

own_weight = _positive(
    "own_weight",
    "d_i",
    "weight of the error of a feature on its own output: importance times frequency",
    "loss per squared error",
)
other_weight = _positive(
    "other_weight", "d_j", "the same of another feature", "loss per squared error"
)
frequency = _positive(
    "frequency", "p_i", "weight of the input of one feature alone", "loss per squared error"
)
other_frequency = _positive(
    "other_frequency", "p_j", "weight of the input of another feature", "loss per squared error"
)
importance = _positive("importance", "I_i", "weight of the error of an output")
other_importance = _positive("other_importance", "I_j", "weight of the error of another output")
survival = _nonnegative("survival", "alpha_i", "probability that l1 leaves a feature alive")
other_survival = _nonnegative("other_survival", "alpha_j", "the same of another feature")
kept = _nonnegative("kept", "F_ij", "fraction of the collisions of two features that last")
first_kept = _nonnegative("first_kept", "F_ik", "the same of the first and a third feature")
second_kept = _nonnegative("second_kept", "F_jk", "the same of the second and a third feature")
lost = _nonnegative(
    "lost", "D_ij", "sum over all third features that live of 2 - F_ik - F_jk, a number of slots"
)

dropout_rate = _nonnegative("dropout_rate", "r_d", "probability that dropout silences a neuron")
dropout_noise = _nonnegative(
    "dropout_noise", "v_d", "variance of the mask of dropout over its squared mean"
)
equal_weights = _positive("equal_weights", "k_w", "number of equal weights of a row")
pair_chance_ratio = _nonnegative(
    "pair_chance_ratio", "R_2", "chance that two rows end as a pair, over that without dropout"
)
like_product = _nonnegative(
    "like_product", "g_a", "product of two weights of equal signs on a neuron", "weight squared"
)
unlike_product = _nonnegative(
    "unlike_product",
    "g_b",
    "size of the product of two weights of opposite signs on a neuron",
    "weight squared",
)
learning_rate = _positive("learning_rate", "eta_A", "learning rate of Adam", "weight")
decay = _positive("weight_decay", "d_w", "weight decay of AdamW per unit of learning rate")
floor = _positive(
    "floor", "epsilon_A", "number that Adam adds to the root of the second moment", "summed loss"
)
slope = _positive("slope", "g_A", "size of the gradient by a weight", "summed loss")
first_moment = _real("first_moment", "u_A", "Adam's mean of the gradient", "summed loss")
second_moment = _positive(
    "second_moment", "v_A", "Adam's mean of the squared gradient", "summed loss squared"
)
change = _real("change", "rho_g", "relative change of the gradient now, per unit of a change")
remembered_change = _real(
    "remembered_change",
    "rho_v",
    "mean of the relative changes of the gradient, weighted by its square and by Adam's memory",
)
