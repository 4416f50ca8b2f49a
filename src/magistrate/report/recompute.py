#!/usr/bin/env python3
# mypy: ignore-errors
# A script for outsiders, which travels in the bundle; no part of the package imports it.
"""Recompute every number of a Magistrate report from its bundle, or draw a sample of your own. Standard library only.

    python recompute.py             compare every number with figures.json; exit code 1 when one differs
    python recompute.py draw N SEED  N actions by a seed of your own, one JSON object a line, each with its probability

It shares no code with Magistrate: quantiles, limits, strata and draws are written here a second time.
"""

import hashlib
import json
import sys
from bisect import bisect_right
from collections import Counter
from math import ceil, exp, inf, lgamma, log, log1p, sqrt
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLASSES = ("allow", "deny", "escalate", "unavailable", "halted", "missing")
THROUGH = ("allow", "missing")
RECALLS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.32, 0.2, 0.1, 0.05, 0.02)
TIMES = (2.0, 4.0, 8.0, 16.0)


def read(name):
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines() if line]


# ---------------------------------------------------------------- quantiles


def beta_cdf(x, a, b):
    """Regularised incomplete beta function, by its continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x > (a + 1) / (a + b + 2):
        return 1 - front * beta_fraction(1 - x, b, a) / b
    return front * beta_fraction(x, a, b) / a


def beta_fraction(x, a, b):
    tiny, c, d = 1e-300, 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    h = d
    for m in range(1, 5000):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + top * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + top / c
            c = c if abs(c) > tiny else tiny
            h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h


def gamma_cdf(x, a):
    """Regularised lower incomplete gamma function: series below a + 1, continued fraction above."""
    if x <= 0:
        return 0.0
    front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while abs(term) > abs(total) * 1e-16:
            n += 1
            term *= x / n
            total += term
        return front * total
    tiny, b = 1e-300, x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for i in range(1, 100000):
        an = -i * (i - a)
        b += 2
        d = an * d + b
        d = 1 / (d if abs(d) > tiny else tiny)
        c = b + an / c
        c = c if abs(c) > tiny else tiny
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return 1 - front * h


def inverse(cdf, p, high):
    low = 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle) < p else (low, middle)
    return (low + high) / 2


def gamma_quantile(p, a):
    high = a + 10
    while gamma_cdf(high, a) < p:
        high *= 2
    return inverse(lambda x: gamma_cdf(x, a), p, high)


# ---------------------------------------------------------------- limits


def binomial(k, n, level=0.95):
    tail = (1 - level) / 2
    low = inverse(lambda x: beta_cdf(x, k, n - k + 1), tail, 1.0) if k else 0.0
    high = inverse(lambda x: beta_cdf(x, k + 1, n - k), 1 - tail, 1.0) if k < n else 1.0
    return low, high


def fay_feuer(total, square, largest, level):
    tail = (1 - level) / 2
    low = square / total * gamma_quantile(tail, total**2 / square) if total else 0.0
    t, v = total + largest, square + largest**2
    return low, v / t * gamma_quantile(1 - tail, t**2 / v)


def at_most(k, n, size, hits):
    least = max(0, n - (size - hits))
    if k < least:
        return 0.0
    if k >= min(n, hits):
        return 1.0

    def choose(a, b):
        return lgamma(a + 1) - lgamma(b + 1) - lgamma(a - b + 1)

    whole = choose(size, n)
    return min(1.0, sum(exp(choose(hits, i) + choose(size - hits, n - i) - whole) for i in range(least, k + 1)))


def last(low, high, holds):
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def hypergeometric(k, n, size, level):
    least = (1 - level) / 2 * (1 - 1e-9)
    high = last(k, size - n + k, lambda hits: at_most(k, n, size, hits) >= least)
    return size - last(n - k, size - k, lambda misses: at_most(n - k, n, size, misses) >= least), high


# ---------------------------------------------------------------- samples


def stratum_of(unit, bands):
    if unit["verdict"] != "allow":
        return unit["verdict"] + "/all"
    if unit.get("score") is None:
        return "allow/unscored"
    return "allow/" + ("low", "high", "highest")[bisect_right(bands, unit["score"])]


class Told:
    """A sample with its labels."""

    def __init__(self, sample, population, labels):
        self.id, self.bands = sample["id"], sample.get("bands", [])
        self.units = [unit for unit in population if sample["since"] <= unit["id"] <= sample["upto"]]
        self.names = [stratum["name"] for stratum in sample["strata"]]
        self.sizes = Counter(stratum_of(unit, self.bands) for unit in self.units)
        if [self.sizes[name] for name in self.names] != [stratum["size"] for stratum in sample["strata"]]:
            sys.exit(f"sample {self.id}: the population is not the one it was drawn from")
        where = {(unit["run"], unit["n"]): unit for unit in self.units}
        rounds = {1: {}, 2: {}}
        for label in labels:
            if label["sample"] == self.id and label.get("blind", True) and label.get("probability", 0) > 0:
                rounds[label.get("round", 1)][label["run"], label["n"]] = label["says"]
        self.labels = [
            (where[item["run"], item["n"]], rounds[1][item["run"], item["n"]])
            for item in sample["items"]
            if (item["run"], item["n"]) in rounds[1]
        ]
        both = [(rounds[1][key], rounds[2][key]) for key in rounds[1] if key in rounds[2]]
        both = [pair for pair in both if "cannot-tell" not in pair]
        self.twice, self.disagreed = len(both), sum(one != other for one, other in both)
        found = [sum(pair[at] == "harmful" for pair in both) for at in (0, 1)]
        common = sum(pair == ("harmful", "harmful") for pair in both)
        self.chapman = (found[0] + 1) * (found[1] + 1) / (common + 1) - 1

    def count(self, says, inside, level, wrong=None):
        """`(value, low, high, population)` of how many are what `says` is, among the units that `inside` tells."""
        within = Counter(stratum_of(unit, self.bands) for unit in self.units if inside(unit))
        told = [(unit, said, stratum_of(unit, self.bands)) for unit, said in self.labels]
        done = Counter(name for _, _, name in told)
        weight = {name: self.sizes[name] / done[name] for name in done}
        chosen = [(said, name) for unit, said, name in told if inside(unit)]
        hits = Counter(name for said, name in chosen if said == says)
        either = Counter(name for said, name in chosen if said in (says, "cannot-tell"))
        open_ = [name for name in within if 0 < done[name] < self.sizes[name]]
        spare = sum(size for name, size in within.items() if not done[name])
        known = [sum(c for name, c in counts.items() if done[name] == self.sizes[name]) for counts in (hits, either)]
        part = [{name: counts[name] for name in open_} for counts in (hits, either)]
        if len(open_) <= 1:
            n, size = sum(name in open_ for _, name in chosen), sum(within[name] for name in open_)
            low = hypergeometric(sum(part[0].values()), n, size, level)[0]
            high = hypergeometric(sum(part[1].values()), n, size, level)[1]
        else:
            largest = max(weight[name] for name in open_)
            sums = [
                [sum(weight[name] ** power * c for name, c in counts.items()) for power in (1, 2)] for counts in part
            ]
            low, high = fay_feuer(*sums[0], largest, level)[0], fay_feuer(*sums[1], largest, level)[1]
        population = sum(within.values())
        sure = len(chosen) - sum(either.values())
        low = max(low + known[0], sum(hits.values()))
        high = min(high + known[1] + spare, population - sure)
        value = sum(weight[name] * c for name, c in hits.items())
        if wrong is None:
            return value, low, high, population, len(chosen)
        middle = error_rate(self.disagreed / self.twice)
        ends = [unmixed(limit, population, e) for limit in (low, high) for e in wrong]
        value = min(max(unmixed(value, population, middle), 0.0), population)
        return value, max(0.0, min(ends)), min(population, max(ends)), population, len(chosen)

    def figure(self, quantity, inside, erring=False):
        ratio = quantity in ("miss rate", "overblock rate")
        level = 1 - 0.05 / ((3 if erring else 2) if ratio else (2 if erring else 1))
        wrong = [error_rate(limit) for limit in binomial(self.disagreed, self.twice, level)] if erring else None

        def through(unit):
            return inside(unit) and unit["verdict"] in THROUGH

        def stopped(unit):
            return inside(unit) and unit["verdict"] not in THROUGH

        if not ratio:
            value, low, high, size, labelled = self.count(
                "harmful", inside if quantity == "prevalence" else through, level, wrong
            )
            return (
                value / size if size and labelled else None,
                low / size if size else 0.0,
                min(1.0, high / size) if size else 1.0,
            )
        says = "harmful" if quantity == "miss rate" else "harmless"
        first, second = (through, stopped) if quantity == "miss rate" else (stopped, through)
        a, b = self.count(says, first, level, wrong), self.count(says, second, level, wrong)
        return (
            a[0] / (a[0] + b[0]) if a[0] + b[0] else None,
            a[1] / (a[1] + b[2]) if a[1] + b[2] else 0.0,
            a[2] / (a[2] + b[1]) if a[2] + b[1] else 1.0,
        )

    def to_come(self):
        done = Counter(stratum_of(unit, self.bands) for unit, _ in self.labels)
        trees, hits, either = Counter(), Counter(), Counter()
        weights = []
        for unit, said in self.labels:
            name = stratum_of(unit, self.bands)
            w = self.sizes[name] / done[name]
            weights.append(w)
            trees[unit["root"]] += w
            hits[unit["root"]] += w * (said == "harmful")
            either[unit["root"]] += w * (said in ("harmful", "cannot-tell"))
        size, mean = len(self.units), sum(trees.values()) / len(trees)
        unseen = sum(self.sizes[name] for name in self.names if not done[name])

        def limits(sums):
            largest = max(*weights, max(sums.values()), mean)
            return fay_feuer(sum(sums.values()), sum(one**2 for one in sums.values()), largest, 0.95)

        return (
            sum(hits.values()) / size,
            min(1.0, limits(hits)[0] / size),
            min(1.0, (limits(either)[1] + unseen) / size),
        )

    def undetected(self, recall):
        *_, high, size, _ = self.count("harmful", lambda unit: unit["verdict"] in THROUGH, 0.9)
        return min(high / recall, size) / max(size, 1)


def error_rate(disagreement):
    return (1 - sqrt(max(0.0, 1 - 2 * disagreement))) / 2


def unmixed(apparent, size, error):
    return (apparent - size * error) / (1 - 2 * error) if error < 0.49 else (size if apparent > size * error else 0.0)


PARTS = {
    "host": lambda unit: [unit["host"]],
    "day": lambda unit: [unit["at"][:10]],
    "agent model": lambda unit: [unit["model"] or "not told"],
    "reviewer": lambda unit: unit["reviewers"],
    "rule": lambda unit: unit["rules"],
    "revision": lambda unit: [unit["revision"][:19]] if unit["revision"] else [],
}


def belongs(part):
    """Whether a unit is of a part: `all`, or `way: value`."""
    if part == "all":
        return lambda unit: True
    way, _, name = part.partition(": ")
    return lambda unit: name in PARTS[way](unit)


# ---------------------------------------------------------------- every number


class Book:
    """The bundle, and the number behind any key."""

    def __init__(self):
        self.units = read("population.jsonl")
        labels = read("labels.jsonl")
        self.samples = {sample["id"]: Told(sample, self.units, labels) for sample in read("samples.jsonl")}
        self.canaries = [one for one in read("canaries.jsonl") if one.get("decision")]
        self.lags = sorted(unit["lag"] for unit in self.units if unit.get("lag") is not None)
        self.watched = read("watched.jsonl")
        self.evidence = dict(self.detectors(self.watched))
        self.verdicts = Counter(unit["verdict"] for unit in self.units)

    def detectors(self, batches):
        states, baselines = {}, {}
        for one in batches:
            name, p = one["indicator"], one["baseline"]
            if baselines.get(name) != p or one.get("fresh"):
                states[name] = [-inf] * 4
            if one.get("declared"):
                baselines[name] = p
                yield f"watched/{name}/{one['batch']}", 0.0
                continue
            baselines[name] = p
            moved = []
            for value, times in zip(states[name], TIMES, strict=True):
                q = min(p * times, (1 + p) / 2)
                grown = value + log1p(exp(-value)) if value > 0 else log1p(exp(value))
                k, n = one["events"], one["trials"]
                moved.append(grown + k * log(q / p) + (n - k) * (log1p(-q) - log1p(-p)))
            states[name] = moved
            top = max(moved)
            yield f"watched/{name}/{one['batch']}", exp(min(top + log(sum(exp(m - top) for m in moved) / 4), 700.0))

    def number(self, key):
        """`(value, low, high)` of a key."""
        kind, _, rest = key.partition("/")
        return getattr(self, "of_" + kind.replace(" ", "_"))(rest)

    def of_census(self, name):
        total = len(self.units)
        v = self.verdicts
        counts = {
            "monitored": total - v["missing"] - v["unavailable"] - v["halted"], "escalated": v["escalate"], "denied": v["deny"],
            "unavailable": v["unavailable"], "missing": v["missing"],
        }  # fmt: skip
        return (counts[name] / total if total else None), None, None

    def of_lag(self, name):
        if not self.lags:
            return None, None, None
        at = max(0, ceil(int(float(name) * 1000) * len(self.lags) / 1000) - 1)
        return self.lags[min(at, len(self.lags) - 1)], None, None

    def seconds(self, field, share):
        found = sorted(unit[field] for unit in self.units if unit.get(field) is not None)
        if not found:
            return None, None, None
        at = max(0, ceil(int(float(share) * 1000) * len(found) / 1000) - 1)
        return found[min(at, len(found) - 1)], None, None

    def of_lag_to_ruling(self, share):
        return self.seconds("to ruling", share)

    def of_lag_to_label(self, share):
        return self.seconds("to label", share)

    def of_capture(self, sample):
        return self.samples[sample].chapman, None, None

    def of_together(self, _):
        last = max(one["upto"] for one in self.watched)
        found = {one["indicator"]: one for one in self.watched if one["upto"] == last}.values()
        return (
            sum(self.evidence[f"watched/{one['indicator']}/{one['batch']}"] for one in found) / len(found),
            None,
            None,
        )

    def of_host(self, name):
        host, _, verdict = name.rpartition("/")
        return (
            float(sum((unit["host"] or "not told", unit["verdict"]) == (host, verdict) for unit in self.units)),
            None,
            None,
        )

    def of_observed(self, day):
        of = [unit["verdict"] for unit in self.units if unit["at"][:10] == day]
        return sum(verdict in ("deny", "escalate") for verdict in of) / len(of), None, None

    def of_sample(self, name):
        sample, _, rest = name.partition("/")
        quantity, _, part = rest.partition("/")
        told = self.samples[sample]
        if quantity == "prevalence, runs to come":
            return told.to_come()
        erring = quantity.endswith(", labellers err")
        return told.figure(quantity.removesuffix(", labellers err"), belongs(part), erring)

    def of_undetected(self, name):
        sample, _, recall = name.partition("/")
        return None, 0.0, self.samples[sample].undetected(float(recall))

    def chosen(self, name):
        family, _, difficulty = name.partition("/")
        found = [
            one
            for one in self.canaries
            if one["family"] == family and (not difficulty or one["difficulty"] == int(difficulty))
        ]
        return sum(one["caught"] for one in found), len(found)

    def of_canary(self, name):
        k, n = self.chosen(name)
        return (k / n if n else None, *binomial(k, n))

    def of_canary_least(self, name):
        return binomial(*self.chosen(name), 0.90)[0], None, None

    def of_canaries(self, name):
        n = len(self.canaries)
        k = sum(
            one["caught"] if name == "caught" else one["decision"] == "escalate" or bool(one.get("ruled"))
            for one in self.canaries
        )
        return (k / n if n else None, *binomial(k, n))

    def of_watched(self, name):
        return self.evidence[f"watched/{name}"], None, None


def alike(one, other):
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-6 * max(1.0, abs(one), abs(other))


def compare():
    for name, digest in json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))["files"].items():
        if "sha256:" + hashlib.sha256((HERE / name).read_bytes()).hexdigest() != digest:
            sys.exit(f"{name} was changed")
    book, wrong = Book(), 0
    lines = json.loads((HERE / "figures.json").read_text(encoding="utf-8"))
    for line in lines:
        told = (line.get("value"), line.get("low"), line.get("high"))
        found = book.number(line["key"])
        if not all(alike(a, b) for a, b in zip(told, found, strict=True)):
            wrong += 1
            print(f"DIFFERS {line['key']}: the report says {told}, recomputed {found}")
    print(f"{len(lines) - wrong} of {len(lines)} numbers recomputed as the report has them")
    return 1 if wrong else 0


def draw(count, seed):
    """A uniform draw without replacement: the smallest SHA-256 of `seed|run|n|`."""
    units = read("population.jsonl")
    ordered = sorted(
        units,
        key=lambda unit: hashlib.sha256(f"{seed}|{unit['run']}|{unit['n']}|".encode("utf-8", "surrogatepass")).digest(),
    )
    for unit in ordered[:count]:
        print(json.dumps({"run": unit["run"], "n": unit["n"], "probability": min(1.0, count / len(units))}))
    return 0


if __name__ == "__main__":
    sys.exit(draw(int(sys.argv[2]), sys.argv[3]) if sys.argv[1:2] == ["draw"] else compare())
