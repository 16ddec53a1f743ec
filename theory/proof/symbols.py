"""The letters of the theory: symbol, assumptions, meaning, shape and unit of each.

Code uses the argument names given here; the paper's own letter stands beside each.
"""

from dataclasses import dataclass

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


def _letter(
    argument: str,
    name: str,
    meaning: str,
    *,
    unit: str = "none",
    shape: str = "scalar",
    paper: str = "-",
    **assumptions: bool,
) -> sp.Symbol:
    symbol = sp.Symbol(name, **assumptions)
    LETTERS[symbol] = Letter(argument, symbol, meaning, unit, shape, paper)
    return symbol


def letter(symbol: sp.Symbol) -> Letter:
    """The entry of a symbol in the table of letters."""
    return LETTERS[symbol]


n = _letter("n", "n", "number of features", paper="n", integer=True, positive=True)
m = _letter("m", "m", "number of neurons", paper="m", integer=True, positive=True)
k = _letter("k", "k", "number of polysemantic neurons", integer=True, nonnegative=True)
r = _letter("r", "r", "order of a moment", integer=True, nonnegative=True)
steps = _letter("steps", "N", "number of optimizer steps", integer=True, nonnegative=True)
i = _letter("i", "i", "index of a feature", paper="i", integer=True, positive=True)
j = _letter("j", "j", "index of another feature", paper="j", integer=True, positive=True)
p = _letter("p", "p", "index of a feature in a double sum", integer=True, positive=True)
q = _letter("q", "e", "index of the other feature in a double sum", integer=True, positive=True)
g = _letter("g", "g", "index of a neuron in a sum", integer=True, positive=True)
h = _letter("h", "h", "index of another neuron in a sum", integer=True, positive=True)
l = _letter("l", "l", "index of a neuron", paper="k", integer=True, positive=True)  # noqa: E741

lam = _letter(
    "lam", "lambda", "weight of the l1 regulariser", unit="flow", paper="λ", nonnegative=True
)
lam_code = _letter(
    "lam_code",
    "lambda_code",
    "weight of the l1 regulariser in the authors' program, 4 lambda",
    unit="summed loss",
    nonnegative=True,
)
t = _letter("t", "t", "time", unit="flow", paper="t", nonnegative=True)
step_size = _letter(
    "step_size", "delta", "step size of SGD on the summed loss", unit="summed loss", positive=True
)
scale = _letter(
    "scale", "s", "standard deviation of an initial weight", unit="weight", positive=True
)

w = _letter("weight", "w", "non-zero weight of a stationary row", unit="weight", positive=True)
a = _letter("a", "a", "weight of one feature on a shared neuron", unit="weight", positive=True)
c = _letter(
    "c", "c", "weight of the other feature on a shared neuron", unit="weight", positive=True
)
gap = _letter(
    "gap", "Delta", "initial difference of two weights, in units of a", unit="none", positive=True
)
largest = _letter(
    "largest", "x_max", "largest initial weight of a row", unit="weight", positive=True
)
initial = _letter(
    "initial", "x", "size of an initial weight, |W_ik(0)|", unit="weight", nonnegative=True
)
initial_norm = _letter(
    "initial_norm", "rho", "Euclidean norm of the initial row", unit="weight", positive=True
)

common = _letter(
    "common_amplitude", "A", "common amplitude of the live weights of a row", positive=True
)
inverse_square = _letter(
    "inverse_amplitude_squared", "u", "inverse square of the common amplitude", positive=True
)
threshold = _letter(
    "threshold",
    "B",
    "threshold below which initial weights are dead",
    unit="weight",
    nonnegative=True,
)
relative_threshold = _letter(
    "relative_threshold",
    "b",
    "threshold in units of the initial standard deviation",
    nonnegative=True,
)
past_threshold = _letter(
    "past_threshold",
    "b_1",
    "threshold already passed, in units of the initial standard deviation",
    nonnegative=True,
)
live = _letter("live", "M_0", "number of live weights of a row", paper="m'", nonnegative=True)
excess1 = _letter(
    "excess1",
    "M_1",
    "sum of the excesses of the initial weights over the threshold",
    unit="weight",
    positive=True,
)
excess2 = _letter(
    "excess2",
    "M_2",
    "sum of the squared excesses of the initial weights over the threshold",
    unit="weight squared",
    positive=True,
)
kick_size = _letter(
    "kick_size",
    "delta_k",
    "standard deviation of a kick in units of the gap below the winner",
    nonnegative=True,
)
pair_constant = _letter(
    "pair_constant",
    "J",
    "constant of the dense pair problem, Var(kick) = J nu/c",
    positive=True,
)
l1_strength = _letter(
    "l1_strength",
    "Lambda",
    "l1 weight in units of the initial weights, lambda sqrt(m)",
    positive=True,
)

sigma = _letter(
    "sigma",
    "sigma",
    "standard deviation of the noise on a neuron",
    unit="hidden activation",
    paper="σ",
    positive=True,
)
kurtosis = _letter("kurtosis", "kappa", "excess kurtosis of the noise on a neuron", real=True)
sixth_cumulant = _letter(
    "sixth_cumulant", "lambda_6", "sixth cumulant of the noise on a neuron over sigma^6", real=True
)
row_norm2 = _letter(
    "row_norm2", "q", "squared norm of a row of weights", unit="weight squared", positive=True
)
fourth_norm = _letter(
    "fourth_norm", "F", "sum of the fourth powers of a row", unit="weight^4", positive=True
)
sixth_norm = _letter(
    "sixth_norm", "H", "sum of the sixth powers of a row", unit="weight^6", positive=True
)
overlap = _letter("overlap", "u_ij", "inner product of two rows", unit="weight squared", real=True)
row_noise = _letter(
    "row_noise",
    "s_j",
    "standard deviation of the noise on an output",
    unit="weight squared",
    positive=True,
)
overlap_kurtosis = _letter(
    "overlap_kurtosis", "kappa_4", "excess kurtosis of the noise on an output", real=True
)
overlap_sixth = _letter(
    "overlap_sixth", "kappa_6", "sixth standardized cumulant of the noise on an output", real=True
)
draw = _letter(
    "draw", "z", "size of one draw of the noise on an output", unit="weight squared", positive=True
)
depth = _letter(
    "depth", "d", "size of a negative inner product", unit="weight squared", nonnegative=True
)
tilt = _letter("tilt", "theta", "argument of a cumulant generating function", real=True)
rate = _letter(
    "rate", "r_j", "rate at which noise makes a row sparse", unit="per flow time", real=True
)
share = _letter("share", "x_k", "share of one weight in the squared norm of its row", positive=True)
share_start = _letter("share_start", "x_0", "share of one weight at the start", positive=True)
concentration = _letter(
    "concentration", "C", "sum of the squared shares of a row, F/q^2", positive=True
)
clock = _letter(
    "clock", "zeta", "rescaled time of the replicator equation, below 1/max share", nonnegative=True
)
half_rotation = _letter(
    "half_rotation",
    "tau_half",
    "time to half growth in units of 1/rate",
    positive=True,
)
spread_count = _letter(
    "spread_rows",
    "n_s",
    "number of rows that are spread over the neurons",
    integer=True,
    nonnegative=True,
)
single_weight = _letter(
    "single_weight",
    "p_1",
    "weight of one of two features active without the other",
    unit="loss per squared error",
    positive=True,
)
pair_weight = _letter(
    "pair_weight",
    "p_2",
    "weight of a pair of features active together",
    unit="loss per squared error",
    positive=True,
)
pair_ratio = _letter(
    "pair_ratio", "varrho", "weight of both features over that of one alone", positive=True
)
strength = _letter("strength", "r_c", "weight of a pair of features over lambda", nonnegative=True)
fraction = _letter(
    "fraction", "f_c", "fraction of the pairs of features that co-occurs", nonnegative=True
)
activation_probability = _letter(
    "activation_probability", "p_a", "probability that a feature is active", positive=True
)
angle = _letter(
    "angle", "vartheta", "angle by which a row has turned away from its neuron", real=True
)
shared_weight = _letter(
    "shared_weight", "x_s", "weight of a unit row on the shared neuron", positive=True
)
opposite_weight = _letter(
    "opposite_weight", "y_s", "size of the other row's weight on the shared neuron", positive=True
)
multiplier = _letter("multiplier", "mu", "rate that keeps a row at norm 1", real=True)
sprout = _letter(
    "sprout", "epsilon", "small weight of a feature on another neuron", unit="weight", positive=True
)
shift = _letter(
    "shift", "varphi", "angle by which the other row has turned away from the neuron", real=True
)
antipodal_overlap = _letter(
    "antipodal_overlap",
    "s_o",
    "minus the overlap of two features of norm 1",
    unit="weight squared",
    positive=True,
)
perturbation = _letter(
    "perturbation", "tau", "standard deviation of noise on weights or inputs", positive=True
)
ablation_probability = _letter(
    "ablation_probability", "delta_a", "probability that a neuron is silenced", positive=True
)
active_value = _letter("active_value", "v_1", "value of an active feature", real=True)
norm_time = _letter(
    "norm_time", "X", "product of lambda, t and the l1 norm of a row", nonnegative=True
)
lag = _letter("lag", "D", "difference of two thresholds, in gaps", nonnegative=True)
inverse_amplitude = _letter(
    "inverse_amplitude", "v", "inverse of the common amplitude of a row", positive=True
)
mean_excess2 = _letter(
    "mean_excess2",
    "mu_2",
    "mean squared excess of a weight over the threshold, in units of its variance",
    nonnegative=True,
)
kick = _letter(
    "kick", "eta", "kick of one weight, in units of the standard deviation of kicks", real=True
)
