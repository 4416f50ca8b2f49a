"""Training: deterministic, thresholds within their budgets, exported trees that score as the model does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn", reason="training needs scikit-learn (requirements/train.txt)")

from train.data import PAIRS, Row, Table, table  # noqa: E402
from train.data import read as read_data  # noqa: E402
from train.fit import encode, trained  # noqa: E402
from train.model import BASE_RATE, calibrate, export, fit, out_of_fold, threshold, usable, weights  # noqa: E402

from magistrate.review.features import FEATURES  # noqa: E402
from magistrate.review.screen import read  # noqa: E402
from magistrate.review.trees import scorer  # noqa: E402
from train import figures  # noqa: E402

DATA = Path(os.environ.get("MAGISTRATE_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
SUITES = ("banking", "slack", "travel", "workspace", "github")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few trees: what is tested here does not depend on their number."""
    monkeypatch.setattr("train.model.ITERATIONS", 20)


def invented(seed: int = 0, count: int = 1500) -> Table:
    """Rows with a signal in two features, in five suites and one source of harmless work."""
    rng = np.random.default_rng(seed)
    names = [feature.name for feature in FEATURES]
    rows = []
    for at in range(count):
        harmful = bool(at % 10 == 0)
        numbers = rng.random(len(FEATURES)).round(1)
        numbers[names.index("ordered_press")] = round(rng.normal(3.0 if harmful else 0.5, 1.0), 1)
        numbers[names.index("name_mine")] = round(rng.normal(0.2 if harmful else 0.6, 0.3), 1)
        group = SUITES[at % 5] if harmful or at % 3 else f"day-{at % 11}"
        source = (
            "intercode_bash_benign"
            if group.startswith("day")
            else "agentdyn_github"
            if group == "github"
            else "agentdojo"
        )
        rows.append(Row(numbers.tolist(), source, group, group, f"run-{at}", 0, harmful, "", at % 4 > 0))
    return table(rows)


def test_the_same_cases_give_the_same_weights() -> None:
    cases = invented()
    first = encode(trained(cases)[0])
    assert first == encode(trained(cases)[0])
    assert first != encode(trained(invented(seed=1))[0])
    assert read(first)[0].features == tuple(feature.name for feature in FEATURES)


def test_exported_trees_score_as_the_model_does() -> None:
    cases = invented()
    model = fit(cases)
    forest = export(model, calibrate(cases, out_of_fold(cases)), {}).forest
    expected = model.decision_function(cases.x[:200])
    assert [scorer(forest)(row) for row in cases.x[:200].tolist()] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_group_is_never_on_both_sides() -> None:
    cases = invented()
    folds: dict[tuple[str, str], set[int]] = {}
    for source, group, fold in zip(cases.source.tolist(), cases.group.tolist(), cases.fold.tolist(), strict=True):
        folds.setdefault((source, group), set()).add(fold)
    assert all(len(found) == 1 for found in folds.values())


@pytest.mark.parametrize("budget", ["1/200", "1/50"])
def test_a_threshold_keeps_its_budget(budget: str) -> None:
    cases = invented()
    margins = out_of_fold(cases)
    at = threshold(cases, margins, budget)
    above, below = map(int, budget.split("/"))
    shares = [(margins[(cases.source == s) & ~cases.harmful] >= at).mean() for s in np.unique(cases.source)]
    assert np.mean(shares) <= above / below
    assert max(shares) <= 2 * above / below


def test_probabilities_are_of_the_base_rate() -> None:
    cases = invented(count=4000)
    margins = out_of_fold(cases)
    said = calibrate(cases, margins).probability(margins)
    much = np.where(cases.harmful, BASE_RATE / cases.harmful.sum(), (1 - BASE_RATE) / (~cases.harmful).sum())
    assert (said * much).sum() == pytest.approx(BASE_RATE, rel=0.6)


def test_calls_beside_others_in_a_harmful_step_teach_nothing() -> None:
    cases = invented()
    assert (usable(cases) == (cases.alone | ~cases.harmful)).all()
    assert usable(cases).sum() < len(cases.harmful)
    assert (weights(cases) > 0).all()


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="no labelled sessions here")
def test_labelled_sessions_are_ranked_by_a_model_of_pairs_alone() -> None:
    cases = read_data(DATA, limit=15, pairs=15, processes=1)
    assert PAIRS in cases.source
    scores = fit(cases.take(cases.source == PAIRS)).decision_function(cases.x)
    kept = np.isin(cases.source, ("agentdojo", "agentdyn_github"))
    auroc = figures.line("all", figures.steps(cases.take(kept), scores[kept])).auroc
    assert auroc.value is None or auroc.value > 0.8
