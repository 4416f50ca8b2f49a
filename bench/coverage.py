"""Coverage and width of intervals on the number of misses, in worlds with known truth: what is used, and why not the textbook.

Run: python bench/coverage.py [--repeats 4000]

A world holds 100,000 actions (`magistrate.testing.worlds`). `uniform`: audits drawn from all that was allowed; `scored`: half of them
from the highest tenth of the scores. Wald and the bootstrap are read on the uniform sample. Width is the median upper limit less
the lower one, in missed actions; the worst row of each method is printed last.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from magistrate.audit import betting
from magistrate.audit.limits import binomial, bootstrap, wald
from magistrate.audit.metrics import Array
from magistrate.testing.worlds import World, counted, found, labels

Limits = tuple[Array, Array]
_BETS = 100
"""Repetitions of betting, which is slow."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1500)
    repeats = parser.parse_args().repeats
    print(
        f"{'harmful':>8} {'blind':>5} {'audits':>6} {'missed':>6}  method                     coverage   median limits (width)"
    )
    worst: dict[str, float] = {}
    for prevalence in (1e-4, 1e-3, 1e-2):
        for blind in (0.0, 0.2):
            for audits in (200, 500, 1000, 2000, 5000):
                for name, truth, limits in methods(World(prevalence=prevalence, blind=blind), audits, repeats):
                    low, high = limits
                    share = float(((low <= truth) & (truth <= high)).mean())
                    worst[name] = min(worst.get(name, 1.0), share)
                    shown = f"[{np.median(low):,.0f}, {np.median(high):,.0f}] ({np.median(high - low):,.0f})"
                    print(
                        f"{prevalence:8g} {blind:5.0%} {audits:6,} {np.median(truth):6,.0f}  {name:26} {share:8.1%}   {shown}"
                    )
    print("\nlowest coverage of each method")
    for name, share in worst.items():
        print(f"  {name:26} {share:6.1%}")


def methods(world: World, audits: int, repeats: int) -> Iterator[tuple[str, Array, Limits]]:
    """`(method, truth, limits)` of every method in one world."""
    rng = np.random.default_rng([round(1 / world.prevalence), round(10 * world.blind), audits])
    harmful = world.harmful(repeats, rng)[:, 1:]
    truth = harmful.sum(axis=1)
    sizes = world.sizes[1:]
    every = sum(sizes)
    hits = found(truth[:, None], (every,), (audits,), rng)
    quotas = (audits // 2, audits - audits // 2)
    scored = found(harmful, sizes, quotas, rng)
    plain: dict[str, Callable[..., Limits]] = {
        "uniform, Wald": wald,
        "uniform, bootstrap": bootstrap,
        "uniform, Clopper-Pearson": binomial,
    }
    for name, method in plain.items():
        low, high = method(hits[:, 0], audits)
        yield name, truth, (low * every, high * every)
    yield "uniform, hypergeometric", truth, _each(counted((audits,), (every,)), hits)
    yield "scored, normal limits", truth, _normal(scored, quotas, sizes)
    yield "scored, Fay-Feuer", truth, _each(counted(quotas, sizes), scored)
    bets = [_bet(row, quotas, sizes, rng) for row in scored[:_BETS]]
    yield "scored, betting", truth[:_BETS], (np.array([low for low, _ in bets]), np.array([high for _, high in bets]))


def _each(of: Callable[..., object], rows: Array) -> Limits:
    counts = [of(row) for row in rows]
    return np.array([one.low for one in counts]), np.array([one.high for one in counts])  # type: ignore[attr-defined]


def _normal(hits: Array, quotas: tuple[int, ...], sizes: tuple[int, ...]) -> Limits:
    """Horvitz-Thompson with normal limits."""
    n, size = np.array(quotas), np.array(sizes)
    share = hits / n
    total = (share * size).sum(axis=1)
    half = 1.96 * np.sqrt((size**2 * share * (1 - share) / n).sum(axis=1))
    return np.maximum(total - half, 0), total + half


def _bet(hits: Array, quotas: tuple[int, ...], sizes: tuple[int, ...], rng: np.random.Generator) -> tuple[float, float]:
    told = labels(hits, quotas, sizes, rng)
    steps = betting.steps(told.hit.tolist(), told.stratum.tolist(), list(sizes), list(quotas))
    return betting.limits(steps, sum(sizes))


if __name__ == "__main__":
    main()
