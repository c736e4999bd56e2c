"""Multinomial logistic regression, in NumPy: a fixed classifier that needs no tuning and draws nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
STEPS = 300  # of L-BFGS at most


@dataclass(frozen=True)
class Multinomial:
    """log p(y|x) = W z + b - log Σ, z the standardised features of x.

    Args:
        weight: [d, classes], of features as they are.
        bias: [classes].
    """

    weight: Reals
    bias: Reals

    def log_p(self, x: NDArray[Any]) -> Reals:
        """Features [n, d] → normalised nats [n, classes]."""
        from scipy.special import log_softmax  # here, so that features are scored without SciPy

        found: Reals = log_softmax(x @ self.weight + self.bias, axis=1)
        return found


def fitted(x: NDArray[Any], y: NDArray[np.int64], classes: int) -> Multinomial:
    """The regression of labels y [n] on features x [n, d], by L-BFGS from zero.

    What is least is Σ -log p(y|x) + ½ Σ W², over features that are standardised, those that are constant left out: the
    posterior mode under standard normal weights, and scikit-learn's LogisticRegression with C = 1.

    Source: Bishop, Pattern Recognition and Machine Learning, 2006, sec. 4.3.4 and 4.5
    """
    from scipy.optimize import minimize  # likewise
    from scipy.special import log_softmax

    mean, deviation = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-9 * (1 + np.abs(mean)))
    z = (x - mean) * scale  # [n, d]
    told = np.eye(classes)[y]  # [n, classes]
    shape = (x.shape[1] + 1, classes)

    def loss(flat: Reals) -> tuple[float, Reals]:
        parameters = flat.reshape(shape)
        weight, bias = parameters[:-1], parameters[-1]
        log_p = log_softmax(z @ weight + bias, axis=1)
        off = np.exp(log_p) - told
        gradient = np.concatenate([z.T @ off + weight, off.sum(0, keepdims=True)])
        return float(np.square(weight).sum() / 2 - (told * log_p).sum()), gradient.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    parameters = found.x.reshape(shape)
    weight = parameters[:-1] * scale[:, None]
    return Multinomial(weight, parameters[-1] - mean @ weight)
