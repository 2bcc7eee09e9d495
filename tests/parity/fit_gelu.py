# SPDX-License-Identifier: Apache-2.0
"""Fits the rational function of ec_gelu_row (core/src/nonlinear.c) and prints its coefficients.

Phi(x) - 1/2 = x * P(x^2) / Q(x^2) on [-LIMIT, LIMIT] with the smallest largest error: Loeb's linear
least squares for the fraction, Lawson's weights for the maximum. Needs NumPy.
"""
import math

import numpy as np

LIMIT, NUMERATOR, DENOMINATOR, ROUNDS = 5.625, 4, 5, 60

nodes = np.arange(4000) + 0.5
x = LIMIT / 2 * (1 - np.cos(np.pi * nodes / 4000))
f = np.array([math.erf(v / math.sqrt(2)) / 2 for v in x])
z = x * x
weight, q_values, best = np.ones_like(x), np.ones_like(x), (math.inf,)
columns = np.concatenate([x[:, None] * z[:, None] ** np.arange(NUMERATOR + 1),
                          -f[:, None] * z[:, None] ** np.arange(1, DENOMINATOR + 1)], axis=1)
for _ in range(ROUNDS):
    row_scale = np.sqrt(weight) / q_values
    scaled = columns * row_scale[:, None]
    column_scale = np.abs(scaled).max(axis=0)
    solution = np.linalg.lstsq(scaled / column_scale, f * row_scale, rcond=None)[0] / column_scale
    p, q = solution[:NUMERATOR + 1], np.concatenate([[1], solution[NUMERATOR + 1:]])
    q_values = np.polyval(q[::-1], z)
    error = np.abs(x * np.polyval(p[::-1], z) / q_values - f)
    best = min(best, (error.max(), p, q), key=lambda b: b[0])
    weight *= error / error.max() + 1e-3
    weight /= weight.mean()

error, p, q = best
print(f"largest error of Phi: {error:.1e}")
for name, values in ("numerator", p), ("denominator", q):
    print(name, ", ".join(f"{np.float32(v):.9e}f" for v in values))
