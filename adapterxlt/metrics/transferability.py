"""Measures how well frozen features separate classes, to predict results without training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]

NEIGHBOURS = 5
RIDGE = 1e-2  # penalty of the linear probe, relative to the mean variance of the features
ROUNDS = 11  # iterations of LogME's fixed point at most, as in its authors' code


def logme(features: Matrix, classes: Classes) -> float:
    """Return the log of the maximum evidence of a linear model, per class and example.

    For each class, this is the evidence of its indicator under Bayesian linear regression, with the
    precisions of weights and noise that make it largest. The result is the mean over classes,
    divided by the number of examples. Source: You et al. 2021.

    Args:
        features: [n, dim]. classes: [n] numbers from 0.
    """
    n, dim = features.shape
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    squares = singular**2
    found = []
    for number in np.unique(classes):
        y = (classes == number).astype(np.float64)
        along = left.T @ y
        outside = max(float(y @ y - along @ along), 0.0)  # the part of y outside the features
        alpha = beta = 1.0
        for _ in range(ROUNDS):
            ratio = alpha / beta
            gamma = float((squares / (squares + ratio)).sum())
            weights = float((squares * along**2 / (squares + ratio) ** 2).sum())
            error = float((along**2 * (ratio / (squares + ratio)) ** 2).sum()) + outside
            alpha = gamma / (weights + 1e-12)
            beta = (n - gamma) / (error + 1e-12)
            if abs(alpha / beta - ratio) <= 1e-3 * ratio:
                break
        ratio = alpha / beta
        weights = float((squares * along**2 / (squares + ratio) ** 2).sum())
        error = float((along**2 * (ratio / (squares + ratio)) ** 2).sum()) + outside
        determinant = float(np.log(alpha + beta * squares).sum()) + max(
            dim - len(squares), 0
        ) * np.log(alpha)
        evidence = (
            dim * np.log(alpha)
            + n * np.log(beta)
            - determinant
            - beta * error
            - alpha * weights
            - n * np.log(2 * np.pi)
        ) / 2
        found.append(evidence / n)
    return float(np.mean(found))


def h_score(features: Matrix, classes: Classes) -> float:
    """Return the trace of cov(f)^-1 cov(E[f | class]) (Bao et al. 2019).

    It lies between 0 and the number of classes minus 1.

    Args:
        features: [n, dim]. classes: [n].
    """
    centred = features - features.mean(axis=0)
    means = np.zeros_like(centred)
    for number in np.unique(classes):
        means[classes == number] = centred[classes == number].mean(axis=0)
    inverse = np.linalg.pinv(centred.T @ centred / len(centred), rcond=1e-6, hermitian=True)
    return float(np.sum(inverse * (means.T @ means / len(means))))


def knn_accuracy(features: Matrix, classes: Classes, k: int = NEIGHBOURS) -> float:
    """Return the percentage of examples whose class is the most frequent among neighbours.

    The neighbours are the `k` nearest other examples by the cosine. If several classes are equally
    frequent among them, the class of the nearest neighbour counts.

    Args:
        features: [n, dim]. classes: [n].
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(lengths == 0, 1, lengths)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -np.inf)
    k = min(k, len(features) - 1)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    right = 0
    for row, own in zip(classes[nearest].tolist(), classes.tolist(), strict=True):
        right += max(row, key=lambda number: (row.count(number), -row.index(number))) == own
    return 100.0 * right / len(classes)


def linear_probe(features: Matrix, classes: Classes) -> float:
    """Return the percentage of examples that a linear classifier trained on the others gets right.

    It is ridge regression on indicators of the classes. Each example is left out in turn (computed
    in closed form).

    Args:
        features: [n, dim]. classes: [n].
    """
    numbers, targets = np.unique(classes, return_inverse=True)
    y = np.eye(len(numbers))[targets]
    wide = np.hstack([features - features.mean(axis=0), np.ones((len(features), 1))])
    products = wide.T @ wide
    dim = features.shape[1]
    penalty = RIDGE * max(float(np.trace(products[:dim, :dim])) / dim, 1e-12)
    inverse = np.linalg.inv(products + np.diag([*[penalty] * dim, 1e-9]))
    hat = wide @ inverse @ wide.T
    own = np.clip(np.diag(hat), 0.0, 1.0 - 1e-9)[:, None]
    left_out = (hat @ y - own * y) / (1 - own)
    return 100.0 * float((left_out.argmax(axis=1) == targets).mean())
