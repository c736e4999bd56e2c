"""What an answering process commits to on the clock is what its check reads, also where the last call holds fewer."""

import numpy as np
import pytest

from genbench.protocol.stages.answer import AnswerInputs
from genbench.store.commitment import committed, kept_rows


@pytest.mark.parametrize("count", [299, 300, 100, 7])
def test_answers_in_calls_of_a_hundred_are_those_that_were_committed_to(count: int):
    rows = np.random.default_rng(0).integers(0, 17, (count, 3)).astype(np.uint8)
    inputs = AnswerInputs(**dict.fromkeys(AnswerInputs.__dataclass_fields__) | {"count": count, "batch": 100})
    digests = [committed(rows[slice(*inputs.rows(place))], inputs.head) for place in range(inputs.batches)]
    assert kept_rows(rows, digests, inputs.batch)
    rows[-1] += 1
    assert not kept_rows(rows, digests, inputs.batch)
