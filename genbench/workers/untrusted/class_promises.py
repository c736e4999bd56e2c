"""Class promises: what the contracts of the capabilities that know classes say, tried on a few rows."""

import torch
from torch import Tensor

from genbench.records.kinds import Likelihood
from genbench.store.tensors import check_log_weights, checked_nats, narrowed, plain_name
from genbench.workers.untrusted.promises import CLOSE, Asked, Broken

NONE = "no classes here"


def conditional_density(asked: Asked) -> str:
    """Nats under every class; of an exact density those of all classes together are their mixture."""
    space, x, classes = asked.space, asked.x, asked.space.classes
    if not classes:
        return NONE
    every = torch.arange(classes, device=x.device)
    told = [checked_nats(asked.able.log_prob(x.clone(), labels=y.expand(len(x))), space, len(x)) for y in every]
    nats = torch.stack([torch.from_numpy(each) for each in told], dim=1)  # [N, classes]
    prior = asked.able.class_prior
    if prior is not None and (tuple(prior.shape) != (classes,) or not abs(float(prior.sum()) - 1) < CLOSE):
        raise Broken(f"{classes} shares from class_prior that sum to 1", repr(prior)[:80])
    if asked.able.likelihood is not Likelihood.EXACT:
        return f"nats under each of {classes} classes"
    shares = torch.full((classes,), 1 / classes) if prior is None else prior.detach().cpu()
    mixed = (nats + shares.double().log()).logsumexp(1)
    whole = torch.from_numpy(checked_nats(asked.able.log_prob(x.clone()), space, len(x)))
    if not torch.allclose(whole, mixed, atol=10 * CLOSE, rtol=1e-4):
        got = f"{whole[0]:.6g} without labels and {mixed[0]:.6g} from class_prior and the {classes} classes"
        raise Broken("log_prob(x) to be the mixture of the classes, since likelihood is EXACT", got)
    return f"nats under each of {classes} classes, and log_prob(x) is their mixture"


def conditional_denoiser(asked: Asked) -> str:
    """A guess in the shape of x under every class."""
    if not asked.space.classes:
        return NONE
    top = (asked.space.levels or 2) - 1
    x = asked.x.float() if asked.space.levels is None else 2 * asked.x.float() / top - 1
    sigma = asked.able.sigmas[-1].expand(len(x))
    for y in torch.arange(asked.space.classes, device=x.device):
        guess = asked.able.denoise(x.clone(), sigma, labels=y.expand(len(x)))
        if not isinstance(guess, Tensor) or guess.dtype != torch.float32 or guess.shape != x.shape:
            raise Broken(f"denoise(x, sigma, labels=y) float32 {tuple(x.shape)}", _form(guess))
        if not torch.isfinite(guess).all():
            raise Broken("finite numbers from denoise", f"NaN or infinite ones under class {int(y)}")
    return f"a guess under each of {asked.space.classes} classes"


def classifier(asked: Asked) -> str:
    """Weights of every class for each row."""
    classes = asked.space.classes
    if not classes:
        return NONE
    found = asked.able.posterior(asked.x.clone())
    shape = (len(asked.x), classes)
    if not isinstance(found, Tensor) or not found.is_floating_point() or tuple(found.shape) != shape:
        raise Broken(f"posterior(x) floating-point {shape}", _form(found))
    check_log_weights(found.detach().cpu().double().numpy(), "posterior() returned")
    return f"weights of {classes} classes for each row"


def translator(asked: Asked) -> str:
    """A sample of the Space for each row, into every class."""
    space, x = asked.space, asked.x
    if not space.classes:
        return NONE
    for domain in torch.arange(space.classes, device=x.device):
        found = asked.able.translate(x.clone(), domain.expand(len(x)))
        if not isinstance(found, Tensor) or found.shape != x.shape:
            raise Broken(f"translate(x, domain) {tuple(x.shape)}", _form(found))
        narrowed(found, space, len(x))
    return f"a sample for each row into each of {space.classes} classes"


def _form(x: object) -> str:
    return f"{plain_name(x.dtype)} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
