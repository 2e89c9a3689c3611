"""Records what scipy says of paired outcomes and of ratios of means.

    python3 Tests/Fixtures/Reporting/make_statistics.py Tests/Fixtures/Reporting/statistics.json

Tango's interval is not in scipy. Here its ends are found from the definition: the differences at
which the score statistic, with the probabilities that maximize the multinomial likelihood under
that difference (found numerically, not by the closed form), reaches the normal quantile.
"""

import json
import math
import sys

from scipy import optimize, stats

Z = stats.norm.ppf(0.975)


def constrained_q(b, c, n, delta):
    """Probability of 'only A' under p_b - p_c = delta, by maximizing the likelihood."""
    low, high = max(0.0, -delta), (1 - delta) / 2

    def loss(q):
        total = 0.0
        for count, p in ((b, q + delta), (c, q), (n - b - c, 1 - 2 * q - delta)):
            if count:
                total -= count * math.log(max(p, 1e-300))
        return total

    found = optimize.minimize_scalar(
        loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13, "maxiter": 5000})
    return min([low, found.x, high], key=loss)


def statistic(b, c, n, delta):
    variance = n * (2 * constrained_q(b, c, n, delta) + delta * (1 - delta))
    gap = b - c - n * delta
    if variance <= 1e-12:
        return 0.0 if abs(gap) < 1e-12 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def tango(b, c, n):
    estimate = (b - c) / n

    def end(outer, wanted):
        def f(delta):
            return max(min(statistic(b, c, n, delta), 1e6), -1e6) - wanted
        if f(outer) * wanted < 0:
            return outer
        return optimize.brentq(f, *sorted((outer, estimate)), xtol=1e-12)

    return end(-1 + 1e-12, Z), end(1 - 1e-12, -Z)


def power(p_b, p_c, n):
    """Unconditional power of the asymptotic McNemar test by the binomial sums of scipy."""
    psi, delta, total = p_b + p_c, p_b - p_c, 0.0
    centre = int(n * psi)
    for m in range(max(1, centre - 400), min(n, centre + 400) + 1):
        weight = stats.binom.pmf(m, n, psi)
        if weight < 1e-12:
            continue
        half = Z * math.sqrt(m)
        high = math.ceil((m + half) / 2)
        low = math.floor((m - half) / 2)
        share = p_b / psi
        total += weight * (stats.binom.sf(high - 1, m, share) + stats.binom.cdf(low, m, share))
    return total


def needed(a, b, c, d):
    n = a + b + c + d
    delta, psi = (b - c) / n, (b + c) / n
    if delta == 0:
        return None
    return math.ceil(
        (Z * math.sqrt(psi) + stats.norm.ppf(0.8) * math.sqrt(psi - delta**2)) ** 2 / delta**2)


tables = [  # both right, only B, only A, both wrong
    (36, 12, 2, 0), (20, 12, 2, 16), (0, 12, 2, 36), (2, 14, 0, 34), (18, 14, 0, 18),
    (54, 0, 0, 0), (30, 0, 0, 24), (0, 53, 1, 0), (0, 30, 24, 0), (1, 0, 0, 0), (0, 1, 0, 0),
    (0, 0, 1, 0), (45, 21, 24, 130), (3900, 410, 365, 9367), (4200, 620, 500, 8722),
    (23, 3, 4, 70), (0, 0, 0, 7),
]
paired = []
for a, b, c, d in tables:
    n = a + b + c + d
    low, high = tango(b, c, n)
    wanted = needed(a, b, c, d)
    paired.append({
        "both_right": a, "only_b": b, "only_a": c, "both_wrong": d, "low": low, "high": high,
        "p": stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0, "needed": wanted,
        "power": power(b / n, c / n, wanted) if wanted and wanted < 200000 and b and c else None,
    })

ratios = []
for one, other in [
    ((384.4, 35.4, 3), (434.8, 64.8, 3)), ((96.7, 1.0, 3), (57.0, 18.5, 3)),
    ((19.9, 0.2, 5), (20.4, 0.3, 5)), ((0.0117, 0.0004, 5), (0.0102, 0.0001, 10)),
    ((100.0, 1.0, 2), (101.0, 2.0, 2)),
]:
    (m1, s1, n1), (m2, s2, n2) = one, other
    test = stats.ttest_ind_from_stats(
        math.log(m2), s2 / m2, n2, math.log(m1), s1 / m1, n1, equal_var=False)
    v1, v2 = (s1 / m1) ** 2 / n1, (s2 / m2) ** 2 / n2
    df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    half = stats.t.ppf(0.975, df) * math.sqrt(v1 + v2)
    ratios.append({
        "a": one, "b": other, "ratio": m2 / m1, "low": m2 / m1 * math.exp(-half),
        "high": m2 / m1 * math.exp(half), "p": test.pvalue,
    })

holm = [0.01, 0.04, 0.03, 0.005, 0.9]
adjusted = [0.04, 0.09, 0.09, 0.025, 0.9]  # R: p.adjust(..., "holm")

with open(sys.argv[1], "w") as file:
    json.dump({
        "paired": paired, "ratios": ratios, "holm": {"p": holm, "adjusted": adjusted},
        "t_quantiles": [{"degrees": d, "quantile": stats.t.ppf(0.975, d)}
                        for d in (1, 1.5, 2, 3.7, 10, 120, 100000)],
    }, file, indent=1)
    file.write("\n")
