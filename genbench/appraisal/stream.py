"""Stream: scores of samples that come in batches, as inside a training loop; no more of them is kept than features."""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.appraisal.findings import chosen, found_of, identity_of, tools_of
from genbench.appraisal.listener import AppraisalListener, Silence
from genbench.appraisal.outcome import Appraisal
from genbench.appraisal.request import MEMORISATION, Request
from genbench.appraisal.samples import read as read_samples
from genbench.appraisal.sides import Sides, how_of, read as read_sides
from genbench.contracts.evidence import Evidence
from genbench.errors import GenbenchError, Unavailable
from genbench.files.rows import Rows
from genbench.geometry.cloud import Features
from genbench.scoring.samples import Source

NAME = "a stream"


class Stream:
    """Samples that are scored batch by batch, against what `genbench.score` takes.

        stream = genbench.Stream(dataset="cifar10", scores="fd,kid")
        for _ in range(100):
            stream.update(model.sample(100))
        print(stream.scores().scores["fd"].value)

    Args:
        listener: is told how it goes.
        options: of `genbench.appraisal.Request` but samples and features. There is no verdict on memorisation, which
            looks at the samples themselves.
    Raises:
        GenbenchError: what the command line would refuse with exit code 2.
    """

    def __init__(self, *, listener: AppraisalListener | None = None, **options: Any) -> None:
        self._request = Request(np.empty(0), **options)
        if MEMORISATION in self._request.names or self._request.protocol or self._request.per_class:
            raise GenbenchError("a stream has no memorisation, protocol or per_class: use genbench.score")
        self._tools = tools_of(self._request.meant, listener or Silence())
        known = chosen(self._request.meant, self._tools)[0]
        self._metrics = {name: cls for name, cls in known.items() if cls.uses_features}
        self._sides: Sides | None = None
        self.reset()

    def reset(self) -> None:
        """Forget all samples, and keep what is known of the reference: the next epoch begins."""
        self._parts: list[Features] = []
        self._rows: Any = hashlib.sha256(b"stream")

    def update(self, batch: Source) -> None:
        """Take more samples: a batch [n, …] of at least two, as `genbench.score` takes them.

        Raises:
            GenbenchError: they cannot be read, or do not lie where the reference lies.
        """
        if self._sides is None:
            wants_train = any(cls.needs_train for cls in self._metrics.values())
            self._sides = read_sides(replace(self._request.meant, samples=batch), wants_train, self._tools)
            x = self._sides.generated.x
        else:
            x = read_samples(batch, self._sides.generated.space, how_of(self._request)).x
        if not self._parts:
            self._rows.update(f"{list(x.shape[1:])} {x.dtype}".encode())
        self._rows.update(np.ascontiguousarray(x).data)
        self._parts.append(self._sides.yardstick.embed(x))

    def scores(self) -> Appraisal:
        """The scores of all samples since the last reset. The samples' hash is one of their rows without their number.

        Raises:
            GenbenchError: there are no samples yet, or no score can be computed.
        """
        if self._sides is None or not self._parts:
            raise GenbenchError("a stream has no samples yet: update it with a batch")
        generated: Any = np.concatenate(self._parts)
        facts = identity_of(self._sides, self._request, self._tools)
        facts = replace(facts, n=len(generated), samples=NAME, samples_sha256=self._rows.hexdigest())
        space = self._sides.yardstick.space
        evidence = Evidence(space, _gone(len(generated), space.shape, space.storage))
        compared = replace(self._sides.yardstick.beside(generated), identity=facts.extractor)
        found = found_of(self._request.meant, self._metrics, evidence, compared, self._tools).or_refused()
        name, warnings = self._request.name or NAME, self._sides.warnings
        return Appraisal(name, found.scores, found.missing, None, facts, warnings, found.come_true)


def _gone(count: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Samples of which only the number is known."""

    def read(start: int, stop: int) -> NDArray[Any]:
        raise Unavailable("needs the samples themselves, of which a stream keeps the features alone")

    rows: Any = Rows((count, *shape), dtype, read)
    return rows  # type: ignore[no-any-return]  # it behaves as an array
