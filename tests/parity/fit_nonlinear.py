# SPDX-License-Identifier: Apache-2.0
"""Fits the polynomials of core/src/ops.c and prints their coefficients, highest power first.

Each has the smallest largest error that Lawson's weights find by least squares. Needs NumPy.
"""
import math

import numpy as np

LIMIT, GELU_TERMS, POWER_TERMS, ROUNDS = 4.2, 8, 5, 400


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


nodes = np.cos(np.pi * (np.arange(1200) + 0.5) / 1200)

# GELU: Phi(x) - 1/2 = x * P(x^2) up to LIMIT, where it is 1/2. The error is that of x * Phi(x).
x = LIMIT / 2 * (1 + nodes)
phi = np.array([math.erf(v / math.sqrt(2)) / 2 for v in x])
bend = x * (x * x - LIMIT ** 2)
z = 2 * (x / LIMIT) ** 2 - 1
chebyshev, error = fit(bend[:, None] * np.polynomial.chebyshev.chebvander(z, GELU_TERMS - 2),
                       phi - x / (2 * LIMIT), x)
inner = np.polynomial.Polynomial(np.polynomial.chebyshev.cheb2poly(chebyshev))
inner = inner(np.polynomial.Polynomial([-1, 2 / LIMIT ** 2]))
outer = inner * np.polynomial.Polynomial([-LIMIT ** 2, 1]) + 1 / (2 * LIMIT)
show("gelu", outer.coef, error)

# Powers of two: 2^x = 1 + x * P(x) on [-1/2, 1/2]. The error is relative.
x = nodes / 2
power = 2.0 ** x
coefficients, error = fit(x[:, None] ** np.arange(1, POWER_TERMS + 1), power - 1, 1 / power)
show("exp2_negative", np.concatenate([[1], coefficients]), error)
