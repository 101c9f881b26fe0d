#!/usr/bin/env python3
# stats_golden.py - makes stats_golden.h, the vectors that test_stats_library.c holds stats_*.c to.
#
# usage: python3 harness/test/stats_golden.py >harness/test/stats_golden.h
# Needs scipy (1.17 made what is stored) and numpy; the build and the tests need neither. Intervals
# that scipy does not have are taken from their definition: every difference is written down and
# sorted, the rank comes from scipy's exact distribution of U, or of T by enumeration.
import textwrap
import numpy as np
from scipy import stats

rng = np.random.default_rng(4)


def row(values):
    return ", ".join("%.17g" % v for v in values)


def array(values):
    return "{" + row(values) + "}"


def wrapped(text):
    print("\n".join(textwrap.wrap(text, 98, initial_indent="  ", subsequent_indent="   ")))


def table(name, fields, rows):
    print("static const struct {\n  %s\n} %s[] = {" % ("\n  ".join(fields), name))
    for one in rows:
        text = "{" + ", ".join(one) + "},"
        wrapped(text)
    print("};\n")


def number(v):
    return "%.17g" % v


def u_lower(n, m, u):
    """P(U <= u) from the coefficients of the Gaussian binomial, in whole numbers."""
    poly = [1]
    for i in range(1, n + 1):
        up = [0] * (len(poly) + m + i)
        for k, c in enumerate(poly):
            up[k] += c
            up[k + m + i] -= c
        out = []
        for k in range(len(up) - i):
            out.append(up[k] + (out[k - i] if k >= i else 0))
        poly = out[: i * m + 1]
    total = sum(poly)
    return sum(poly[: u + 1]) / total if u >= 0 else 0.0


def shift_rank(n, m, confidence):
    k = 0
    while k < n * m and u_lower(n, m, k) <= (1 - confidence) / 2:
        k += 1
    return k


def signed_rank_rank(n, confidence):
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1
    for r in range(1, n + 1):
        counts[r:] = counts[r:] + counts[:-r]
    cdf = np.cumsum(counts) / 2.0**n
    return int(np.sum(cdf <= (1 - confidence) / 2))


print("""/* stats_golden.h - vectors made by stats_golden.py with scipy %s; do not edit.
 * Included by test_stats_library.c only. Next: test_stats_library.c */
#pragma once
#include <math.h>
#include <stddef.h>
/* clang-format off */
""" % __import__("scipy").__version__)

table("golden_normal", ["double p, z;"],
      [[number(p), number(stats.norm.ppf(p))] for p in
       (1e-300, 1e-10, 0.005, 0.025, 0.3, 0.5, 0.8, 0.975, 0.995, 0.9999)])
table("golden_t", ["double freedom, quantile_995, at, two_sided;"],
      [[number(v), number(stats.t.ppf(0.995, v)), number(x), number(2 * stats.t.sf(x, v))]
       for v, x in ((1, 2.0), (2, 0.1), (4.5, 3.0), (8, 28.0), (30, 1.0), (1000, 5.0))])
rows = []
for k, n, c in ((0, 1000, 0.95), (3, 1000, 0.95), (10, 10, 0.99), (5, 10, 0.95), (500, 1000, 0.9)):
    ci = stats.binomtest(k, n).proportion_ci(c, method="exact")
    rows.append([str(k), str(n), number(c), number(ci.low), number(ci.high)])
table("golden_share", ["size_t hits, trials;", "double confidence, lo, hi;"], rows)

rows = []
for n in (5, 6, 10, 50, 100, 299, 300, 472, 473, 1000, 20000):
    for q in (0.25, 0.5, 0.9, 0.99):
        tail = 0.025
        cdf = stats.binom.cdf(np.arange(n + 1), n, q)
        lower = int(np.sum(cdf <= tail))
        survive = stats.binom.sf(np.arange(n + 1) - 1, n, q)  # P(B >= u)
        above = np.nonzero(survive <= tail)[0]
        upper = int(above[0]) if len(above) else 0
        if lower == 0 or upper == 0:
            lower = upper = 0
        rows.append([str(n), number(q), str(lower), str(upper)])
table("golden_ranks", ["size_t n;", "double q;", "size_t lower, upper;"], rows)

cases = [rng.normal(size=5), rng.normal(1, 1, size=5)], \
        [rng.normal(size=7), rng.normal(0.5, 2, size=12)], \
        [np.round(rng.normal(size=9), 1), np.round(rng.normal(size=8), 1)], \
        [rng.exponential(size=30), 1.3 * rng.exponential(size=30)], \
        [np.ones(6), np.ones(6)], \
        [rng.normal(size=3), rng.normal(9, 1, size=3)], \
        [rng.normal(size=40), rng.normal(0.3, 1, size=35)]
rows = []
for base, fresh in cases:
    n, m = len(base), len(fresh)
    ties = len(set(base) | set(fresh)) < n + m
    exact = not ties and n <= 30 and m <= 30
    test = stats.mannwhitneyu(fresh, base, method="exact" if exact else "asymptotic")
    p = 1.0 if np.isnan(test.pvalue) else test.pvalue
    diffs = np.sort(np.subtract.outer(fresh, base).ravel())
    if n <= 30 and m <= 30:
        k = shift_rank(n, m, 0.95)
    else:
        k = int(np.floor(n * m / 2 - stats.norm.ppf(0.975) * np.sqrt(n * m * (n + m + 1) / 12)))
    lo, hi = (diffs[k - 1], diffs[n * m - k]) if k > 0 else (np.nan, np.nan)
    rows.append([str(n), str(m), array(base), array(fresh), number(test.statistic), number(p),
                 str(k), number(np.median(diffs))] +
                ["NAN" if np.isnan(v) else number(v) for v in (lo, hi)])
table("golden_shift", ["size_t n, m;", "double base[40], fresh[40], u, p;", "size_t rank;",
                       "double shift, lo, hi;"], rows)

rows = []
for values in (rng.normal(0.8, 1, size=8), rng.normal(size=15), np.round(rng.normal(size=12), 1),
               np.array([0.0, 1.0, 2.5, -1.0, 3.0, 0.0, 2.0]), rng.normal(0.2, 1, size=40)):
    n = len(values)
    nonzero = values[values != 0]
    ties = len(set(np.abs(nonzero))) < len(nonzero)
    test = stats.wilcoxon(values, zero_method="wilcox", correction=True, alternative="two-sided",
                          method="asymptotic" if ties else "exact")
    greater = stats.wilcoxon(values, zero_method="wilcox", alternative="greater",
                             method="asymptotic")
    walsh = np.sort([(values[i] + values[j]) / 2 for i in range(n) for j in range(i, n)])
    k = signed_rank_rank(n, 0.95)
    lo, hi = (walsh[k - 1], walsh[len(walsh) - k]) if k > 0 else (np.nan, np.nan)
    rows.append([str(n), array(values), number(greater.statistic), number(test.pvalue), str(k),
                 number(np.median(walsh)), number(lo), number(hi)])
table("golden_signed", ["size_t n;", "double values[40], t, p;", "size_t rank;",
                        "double shift, lo, hi;"], rows)

p = np.array([0.01, 0.04, 0.03, 0.5, 0.0079, 1e-9, 0.9, 0.04])
wrapped("static const double golden_p[] = %s;" % array(p))
wrapped("static const double golden_q[] = %s;" % array(stats.false_discovery_control(p)))

# A bootstrap has its own random numbers: held to numpy's only as far as both converge.
print("\nstatic const double golden_arm[2][6][20] = {")
arms = []
for a in range(2):
    centre = rng.normal(0.0, 0.03, size=6)
    arms.append([100 * (1 + 0.1 * a) * np.exp(centre[i] + rng.normal(0, 0.02, size=20))
                 for i in range(6)])
    wrapped("{" + ", ".join(array(v) for v in arms[-1]) + "},")
print("};")
rounds = 200000
ratios = np.empty(rounds)
data = [np.array(a) for a in arms]
for r in range(rounds):
    med = []
    for a in data:
        drawn = a[rng.integers(0, 6, size=6)]
        med.append(np.median(drawn[np.arange(6)[:, None], rng.integers(0, 20, size=(6, 20))]))
    ratios[r] = med[1] / med[0]
whole = np.median(data[1]) / np.median(data[0])
tail = stats.norm.cdf(-np.sqrt(6 / 5) * stats.t.ppf(0.975, 5))
wrapped("static const double golden_bootstrap[] = %s; /* ratio, lo, hi; %d rounds */" % (
    array([whole, np.quantile(ratios, tail), np.quantile(ratios, 1 - tail)]), rounds))
print("/* clang-format on */")
