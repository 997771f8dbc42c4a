import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from harness.data.synthetic import Plan, coloured_shapes
from harness.images.classifier import fit
from harness.images.features import describe


def accuracy(features, labels, classes, learnt):
    rows = np.random.default_rng(0).permutation(len(features))
    here, there = rows[:learnt], rows[learnt:]
    ours = fit(features[here], labels[here].tolist(), classes).read(features[there])
    theirs = LogisticRegression(C=10, max_iter=500).fit(features[here], labels[here]).predict(features[there])
    return (ours == labels[there]).mean(), (theirs == labels[there]).mean()


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return describe((data.images / 16 * 255).astype(np.uint8)[..., None]).astype(float), data.target


@pytest.mark.parametrize(("learnt", "least"), [(60, 0.85), (300, 0.955)])
def test_digits_are_read_as_well_as_by_logistic_regression(digits, learnt, least):
    ours, theirs = accuracy(*digits, 10, learnt)
    assert ours > least
    assert ours > theirs - 0.01


@pytest.mark.parametrize("attribute", ["colour", "shape"])
def test_colours_and_shapes_are_read_as_well_as_by_logistic_regression(attribute):
    shapes = coloured_shapes(Plan(n=900, seed=1))
    names = sorted(set(shapes.attributes[attribute]))
    labels = np.array([names.index(value) for value in shapes.attributes[attribute]])
    ours, theirs = accuracy(describe(shapes.images).astype(float), labels, 3, 300)
    assert ours > 0.98
    assert ours > theirs - 0.01


def test_it_is_scikit_learns_discriminant_analysis_where_nothing_is_shrunken():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 4000)
    features = random.multivariate_normal(np.zeros(4), np.diag([1, 5, 0.2, 20]), 12_000) + labels[:, None] * 0.7
    oracle = LinearDiscriminantAnalysis(priors=[1 / 3] * 3).fit(features, labels)
    fresh = random.normal(size=(500, 4)) * 3
    agreed = fit(features, labels.tolist(), 3).read(fresh) == oracle.predict(fresh)
    assert agreed.mean() > 0.99


def test_uneven_numbers_of_examples_do_not_tilt_it():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], [900, 100])
    classifier = fit(random.normal(size=(1000, 3)) + labels[:, None], labels.tolist(), 2)
    read = classifier.read(random.normal(size=(4000, 3)) + 0.5)
    assert 0.45 < read.mean() < 0.55


def test_classes_without_any_spread_are_told_apart():
    classifier = fit(np.array([[0.0, 1.0]] * 3 + [[1.0, 1.0]] * 3), [0, 0, 0, 1, 1, 1], 2)
    assert classifier.read(np.array([[0.1, 1.0], [0.9, 1.0]])).tolist() == [0, 1]


def test_distances_are_in_spreads_within_classes_and_tell_what_is_like_nothing_learnt():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 2000)
    centres = np.array([[0.0, 0.0, 0.0], [40.0, 0.0, 0.0], [0.0, 8.0, 0.0]])
    features = centres[labels] + random.normal(size=(6000, 3)) * [4.0, 1.0, 1.0]
    classifier = fit(features, labels.tolist(), 3)
    found = classifier.distances(np.array([[4.0, 0.0, 2.0], [20.0, 0.0, 0.0], [0.0, -8.0, 0.0]]))
    assert found[0, 0] == pytest.approx(1, abs=0.15)  # one spread off; the third feature tells nothing
    assert found[1, :2] == pytest.approx([5, 5], abs=0.2)
    assert found[2, 0] == pytest.approx(8, abs=0.3)
    assert (found[1:].min(axis=1) > classifier.distances(features).min(axis=1).mean() * 3).all()


@pytest.mark.parametrize(("labels", "classes"), [([0, 0, 0], 2), ([0, 0, 0], 1), ([0, 1], 2), ([0, 1, 2], 2)])
def test_a_class_without_an_image_is_refused(labels, classes):
    with pytest.raises(ValueError, match="images of each of"):
        fit(np.zeros((3, 2)), labels, classes)
