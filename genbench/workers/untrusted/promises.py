"""Promises: what the contract of each capability says of its methods, tried on a few rows. Each tells what it saw."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genbench.builtin.operators.crop import Crop
from genbench.contracts.model import Conditional
from genbench.errors import Unsuitable
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store.tensors import checked_log_weights, checked_nats, narrowed, plain_name

CLOSE = 1e-3  # nats a row: what another batch, and so another order of float32 sums, may change
FRAMES = 5  # of a path
DRAWS = 3  # of a restoration
SIZES = (1, 5)  # samples of a call


class Broken(Exception):
    """A promise that was not kept.

    Args:
        expected: what the contract says.
        got: what came in its place.
        of: what was tried: a preset.
    """

    def __init__(self, expected: str, got: str, of: str = "") -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected, self.got, self.of = expected, got, of


@dataclass(frozen=True)
class Asked:
    """Who is asked, and about what.

    Args:
        able: a model, or what a solver made of one.
        space: of the rows.
        x: int64 [N, *shape], float32 where the Space has no levels.
    """

    able: Any
    space: Space
    x: Tensor

    def drawn(self, preset: str, n: int, seed: int, shift: int = 0) -> Tensor:
        """n samples in the storage dtype, labels in turn, each class moved on by `shift`.

        Raises:
            InvalidEvidence: they are no samples of the Space.
        """
        labels = None
        if isinstance(self.able, Conditional) and self.space.classes:
            labels = (torch.arange(n, device=self.x.device) + shift) % self.space.classes
        torch.manual_seed(seed_for("check", "draw", seed))
        return narrowed(self.able.sample(n, labels=labels, **self.able.samplers[preset]), self.space, n)


def samples(asked: Asked) -> str:
    """Every preset draws as many samples as it is asked for, of the Space."""
    for preset in asked.able.samplers:
        for n in SIZES:
            asked.drawn(preset, n, seed=0)
    return f"{' and '.join(map(str, SIZES))} of each preset: {', '.join(asked.able.samplers)}"


def seeds(asked: Asked) -> str:
    """The same seed gives the same samples, whatever was drawn before, and another seed gives others."""
    for preset in asked.able.samplers:
        one, other, again = (asked.drawn(preset, SIZES[-1], seed) for seed in (0, 1, 0))
        if not torch.equal(one, again):
            changed = float((one != again).double().mean())
            raise Broken("the same samples under the same seed", f"other ones in {changed:.0%} of entries", preset)
        if torch.equal(one, other):
            raise Broken("other samples under another seed", "the same; does sample() seed a generator?", preset)
    return "the same seed draws the same, another one draws others"


def state(asked: Asked) -> str:
    """Drawing leaves parameters and buffers as they were."""
    before = {name: value.clone() for name, value in asked.able.state_dict().items()}
    for preset in asked.able.samplers:
        asked.drawn(preset, SIZES[-1], seed=2)
    for name, value in asked.able.state_dict().items():
        if name not in before or not _same(value, before[name]):
            raise Broken("sample() to leave the state as it was", f"another {name}")
    return "sample() leaves parameters and buffers as they were"


def labels(asked: Asked) -> str:
    """Other labels under the same seed give other samples."""
    if (asked.space.classes or 0) < 2:
        return "fewer than two classes here"
    for preset in asked.able.samplers:
        if torch.equal(asked.drawn(preset, 8, seed=0), asked.drawn(preset, 8, seed=0, shift=1)):
            raise Broken("other samples for other labels under the same seed", "the same ones", preset)
    return "other labels give other samples"


def density(asked: Asked) -> str:
    """Nats of a probability, one a row; of an exact one the same for a row by itself and beside others."""
    kind, x = asked.able.likelihood, asked.x
    if not isinstance(kind, Likelihood):
        raise Broken("a genbench.Likelihood from likelihood", repr(kind))
    whole = checked_nats(asked.able.log_prob(x.clone()), asked.space, len(x))
    if kind is not Likelihood.EXACT:
        return f"{kind.value}: {whole.mean():.1f} nats a row"
    for i, row in enumerate(x):
        alone = checked_nats(asked.able.log_prob(row[None].clone()), asked.space, 1)[0]
        if not abs(alone - whole[i]) <= CLOSE + 1e-5 * abs(whole[i]):
            got = f"{alone:.6g} by itself and {whole[i]:.6g} beside others"
            raise Broken("the same nats for a row in any batch, since likelihood is EXACT", got)
    return f"{kind.value}: {whole.mean():.1f} nats a row, the same in any batch"


def sequential(asked: Asked) -> str:
    """Weights of each level; entries that are not told yet do not matter; an exact density is their product."""
    space, x = asked.space, asked.x
    levels, flat = space.levels or 0, x.flatten(1)
    total = torch.zeros(len(x), dtype=torch.float64)
    torch.manual_seed(seed_for("check", "sequential"))
    for i in range(space.dim):
        beyond = torch.randint_like(flat, levels)
        told = torch.where(torch.arange(space.dim, device=x.device) < i, flat, beyond).view_as(x)
        laws = [torch.from_numpy(checked_log_weights(asked.able.next(rows, i), len(x), levels)) for rows in (x, told)]
        known, unknown = (law.double().log_softmax(1) for law in laws)
        if not torch.allclose(known, unknown, atol=CLOSE, equal_nan=True):
            raise Broken(f"next(x, {i}) to depend on entries before {i} alone", "another law for other later entries")
        total += known.gather(1, flat[:, i : i + 1].cpu())[:, 0]
    return f"{space.dim} laws that look at nothing beyond them{_product(asked, total)}"


def _product(asked: Asked, total: Tensor) -> str:
    """Whether they multiply to an exact density, in words."""
    if getattr(asked.able, "likelihood", None) is not Likelihood.EXACT:
        return ""
    nats = torch.from_numpy(checked_nats(asked.able.log_prob(asked.x), asked.space, len(asked.x)))
    if not torch.allclose(nats, total, atol=10 * CLOSE, rtol=1e-4):
        got = f"{nats[0]:.6g} from log_prob and {total[0]:.6g} from next"
        raise Broken("log_prob to be the sum of what next says", got)
    return ", and log_prob is their sum"


def encoder(asked: Asked) -> str:
    """A finite vector for each row."""
    z, again = asked.able.encode(asked.x.clone()), asked.able.encode(asked.x.clone())
    dim = getattr(asked.able, "latent_dim", None)
    width = dim if isinstance(dim, int) else (z.shape[-1] if isinstance(z, Tensor) and z.dim() == 2 else "latent_dim")
    _check(z, "encode(x)", (len(asked.x), width))
    repeats = "the same vectors again" if torch.equal(z, again) else "other vectors each time"
    return f"float32 [{len(z)}, {width}], {repeats}"


def decoder(asked: Asked) -> str:
    """Samples before rounding, in range; the same for the same z; a gradient comes through."""
    n, dim, space = len(asked.x), asked.able.latent_dim, asked.space
    if not isinstance(dim, int) or dim < 1:
        raise Broken("a positive whole number from latent_dim", repr(dim))
    torch.manual_seed(seed_for("check", "decoder"))
    z = torch.randn(n, dim, device=asked.x.device)
    x = asked.able.render(z.clone())
    _check(x, "render(z)", (n, *space.shape))
    top = None if space.levels is None else space.levels - 1
    if top is not None and not (x.min() >= 0 and x.max() <= top):
        raise Broken(f"render(z) within [0, {top}]", f"values from {float(x.min()):.4g} to {float(x.max()):.4g}")
    if not torch.equal(x, asked.able.render(z.clone())):
        raise Broken("render to be a function of z", "other samples for the same z")
    with torch.enable_grad():
        z.requires_grad_(True)
        rendered = asked.able.render(z)
        grad = torch.autograd.grad(rendered.sum(), z)[0] if rendered.requires_grad else None
    if grad is None or not torch.isfinite(grad).all():
        raise Broken("gradients to pass through render", "none" if grad is None else "NaN or infinite ones")
    return f"latent_dim {dim}, in range, a function of z, differentiable"


def latent(asked: Asked) -> str:
    """render(encode(x)), held against what knows nothing of the row."""
    x = asked.x.float()
    built = float((asked.able.render(asked.able.encode(asked.x)) - x).square().mean().sqrt())
    plain = float((x.mean(0) - x).square().mean().sqrt())
    return f"render(encode(x)) is off by {built:.3g} levels (RMSE); the mean row by {plain:.3g}"


def denoiser(asked: Asked) -> str:
    """Ascending noise levels; a guess at x in the shape of x, better where there is less noise."""
    sigmas = asked.able.sigmas
    form = isinstance(sigmas, Tensor) and sigmas.dim() == 1 and sigmas.dtype == torch.float32 and len(sigmas) > 0
    if not form or not (sigmas > 0).all() or not (sigmas.diff() >= 0).all():
        raise Broken("float32 sigmas [T], above 0 and ascending", repr(sigmas)[:80])
    top = (asked.space.levels or 2) - 1
    x = asked.x.float() if asked.space.levels is None else 2 * asked.x.float() / top - 1
    torch.manual_seed(seed_for("check", "denoiser"))
    noise, errors = torch.randn_like(x), []
    for sigma in (sigmas[0], sigmas[-1]):
        guess = asked.able.denoise(x + sigma * noise, sigma.expand(len(x)))
        _check(guess, "denoise(x, sigma)", tuple(x.shape))
        errors.append(float((guess - x).square().mean().sqrt()))
    if errors[0] > errors[1]:
        got = f"an RMSE of {errors[0]:.3g} at the lowest sigma and {errors[1]:.3g} at the highest"
        raise Broken("a better guess where there is less noise; x is not scaled down, see Denoiser", got)
    return f"{len(sigmas)} noise levels from {float(sigmas[0]):.3g} to {float(sigmas[-1]):.3g}"


def interpolator(asked: Asked) -> str:
    """Paths of samples of the Space."""
    a, b = asked.x, asked.x.flip(0)
    path = asked.able.between(a.clone(), b.clone(), FRAMES)
    shape = (len(a), FRAMES, *asked.space.shape)
    if not isinstance(path, Tensor) or tuple(path.shape) != shape:
        raise Broken(f"between(a, b, {FRAMES}) {shape}", _form(path))
    narrowed(path.flatten(0, 1), asked.space, len(a) * FRAMES)
    ends = float((path[:, 0].float() - a.float()).square().mean().sqrt())
    return f"paths of {FRAMES} samples; the first is off by {ends:.3g} (RMSE)"


def restorer(asked: Asked) -> str:
    """As many samples of the Space as were asked for, from the first half of each."""
    try:
        operator = Crop(asked.space)
        y = operator.measure(asked.x.float())
        x = asked.able.restore(y.clone(), operator, DRAWS)
    except Unsuitable as error:
        return f"the second half is not restored: {error}"
    shape = (len(y), DRAWS, *asked.space.shape)
    if not isinstance(x, Tensor) or tuple(x.shape) != shape:
        raise Broken(f"restore(y, operator, {DRAWS}) {shape}", _form(x))
    drawn = narrowed(x.flatten(0, 1), asked.space, len(y) * DRAWS).to(y)
    off = float((operator.measure(drawn) - y.repeat_interleave(DRAWS, 0)).square().mean().sqrt())
    return f"{DRAWS} samples of each half; what was told of it is off by {off:.3g} (RMSE)"


def _check(x: object, what: str, shape: tuple[object, ...]) -> None:
    if not isinstance(x, Tensor) or x.dtype != torch.float32 or tuple(x.shape) != shape:
        raise Broken(f"{what} float32 {shape}", _form(x))
    if not torch.isfinite(x).all():
        raise Broken(f"finite numbers from {what}", f"{int((~torch.isfinite(x)).sum())} that are not")


def _form(x: object) -> str:
    return f"{plain_name(x.dtype)} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.nan_to_num())
