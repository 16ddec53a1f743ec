"""Reference implementations: laws by enumeration and counts by loops."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, product


def enumerated_exclusion_law(n, m):
    """Law of the number of neurons with both signs among n of 2m slots: lists all C(2m, n) choices.

    Gives the exact probability of each number.
    """
    slots = [(neuron, sign) for neuron in range(m) for sign in (-1, 1)]
    return _law(
        sum((neuron, 1) in chosen and (neuron, -1) in chosen for neuron in range(m))
        for chosen in map(set, combinations(slots, n))
    )


def enumerated_independent_law(n, m, *, both_signs):
    """Law of the number of shared neurons under independent choices: lists all (2m)^n choices.

    With ``both_signs`` a neuron counts if it is chosen with both signs, otherwise if it is chosen
    at least twice.
    """
    slots = [(neuron, sign) for neuron in range(m) for sign in (-1, 1)]

    def shared_neurons(chosen):
        signs = {}
        for neuron, sign in chosen:
            signs.setdefault(neuron, []).append(sign)
        return sum(len(set(on)) == 2 if both_signs else len(on) >= 2 for on in signs.values())

    return _law(map(shared_neurons, product(slots, repeat=n)))


def _law(numbers):
    counts = Counter(numbers)
    return {k: Fraction(count, counts.total()) for k, count in sorted(counts.items())}


def slow_polysemantic_neurons(weights):
    """The authors' count in loops: neurons with at least two weights of size .8 to 1.2."""
    n, m = weights.shape
    return sum(sum(0.8 <= abs(weights[i, k]) <= 1.2 for i in range(n)) >= 2 for k in range(m))
