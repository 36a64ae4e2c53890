"""Fits the coefficients of `normal_tail` in crates/numeric/src/kernels/scalar.rs: exp(t^2/2) * Phi(-t) as a polynomial in
u = 1 / (1 + 0.27 t) for t in [0, 14], least squares on Chebyshev nodes weighted for relative error. Needs numpy and mpmath."""
import mpmath as mp
import numpy as np

mp.mp.dps = 40
DEGREE, P, END = 9, 0.27, 14.0
low = 1 / (1 + P * END)
nodes = np.cos(np.pi * (np.arange(400) + 0.5) / 400)
u = (1 + low) / 2 + (1 - low) / 2 * nodes
t = (1 / u - 1) / P
tail = np.array([float(mp.exp(mp.mpf(x) ** 2 / 2) * mp.ncdf(-mp.mpf(x))) for x in t])
columns = np.array([u**k for k in range(DEGREE + 1)]).T
fit, *_ = np.linalg.lstsq(columns / tail[:, None], np.ones_like(tail), rcond=None)
value32 = np.zeros(len(u), np.float32)
for c in fit[::-1]:
    value32 = value32 * u.astype(np.float32) + np.float32(c)
print("relative error, exact arithmetic:", np.max(np.abs(columns @ fit / tail - 1)))
print("relative error, f32:", np.max(np.abs(value32 / tail - 1)))
print(", ".join(f"{c:.9e}" for c in fit))
