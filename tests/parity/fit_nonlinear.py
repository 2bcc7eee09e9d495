# SPDX-License-Identifier: Apache-2.0
"""Fits the polynomials of core/src/ops.c and prints their coefficients, highest power first.

Each has the smallest largest error that Lawson's weights find by least squares. Needs NumPy.
"""
import math

import numpy as np
from numpy.polynomial import Polynomial, chebyshev

GELU_LIMIT, GELU_DEGREE, POWER_DEGREES, ROUNDS = 4.0, 8, (3, 5), 400


def fit(columns, wanted, size):
    """Coefficients that make (columns @ coefficients - wanted) * size small, and the error."""
    weight, best = np.ones_like(wanted), (math.inf,)
    for _ in range(ROUNDS):
        rows = np.sqrt(weight) * size
        solution = np.linalg.lstsq(columns * rows[:, None], wanted * rows, rcond=None)[0]
        error = np.abs((columns @ solution - wanted) * size)
        best = min(best, (error.max(), solution), key=lambda b: b[0])
        weight *= error / error.max() + 1e-3
        weight /= weight.mean()
    return best[1], best[0]


def show(name, coefficients, error):
    print(f"{name}, error {error:.1e}:")
    for value in coefficients[::-1]:
        print(f"  {np.float32(value):.9e}f")


nodes = np.cos(np.pi * (np.arange(1600) + 0.5) / 1600)

# GELU: t * (1 - Phi(t)) = t * P(t) up to the limit, where both are 0.
t = GELU_LIMIT / 2 * (1 + nodes)
wanted = np.array([v * math.erfc(v / math.sqrt(2)) / 2 for v in t])
basis = chebyshev.chebvander(2 * t / GELU_LIMIT - 1, GELU_DEGREE - 2)
solution, error = fit((t * (t - GELU_LIMIT))[:, None] * basis, wanted, np.ones_like(t))
inner = Polynomial(chebyshev.cheb2poly(solution))(Polynomial([-1, 2 / GELU_LIMIT]))
show("gelu", (inner * Polynomial([-GELU_LIMIT, 1])).coef, error)

# Powers of two: 2^x = 1 + x * P(x) on [-1/2, 1/2]. The error is relative.
x = nodes / 2
power = 2.0 ** x
for degree in POWER_DEGREES:
    coefficients, error = fit(x[:, None] ** np.arange(1, degree + 1), power - 1, 1 / power)
    show(f"powers of two, degree {degree}", np.concatenate([[1], coefficients]), error)
