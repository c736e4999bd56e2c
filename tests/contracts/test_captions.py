"""Captions in what a model is fitted on: beside their images, in the order of batches, after a kill as before it."""

import numpy as np
import pytest
import torch

from genbench.contracts.dataset import Examples
from genbench.contracts.split import Split
from genbench.contracts.training import TrainingData
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.texts import packed, unpacked
from genbench.protocol.inputs import SplitFiles
from genbench.protocol.stages.fit import SEEN
from genbench.records.space import Space
from genbench.store.checkpoints import FolderKeeper

TEXTS = np.array([f"number {i}" for i in range(40)])


def data(images: int, **told) -> TrainingData:
    split = Split(Examples(np.arange(40, dtype=np.uint8)[:, None], captions=TEXTS))
    return TrainingData(Space((1,)), split, split, images, seed=3, **told)


def test_a_split_gives_a_text_or_several():
    captions = data(1).train.captions
    assert captions[3] == "number 3"
    assert captions[1:3] == captions[[1, 2]] == captions[torch.tensor([1, 2])] == ["number 1", "number 2"]
    assert type(captions[0]) is type(captions[[0]][0]) is str
    assert len(captions) == 40
    assert Split(Examples(np.zeros((2, 1), np.uint8))).captions is None


def test_each_image_comes_with_its_own_caption_in_the_order_of_batches():
    one, other = data(200), data(200)
    told = [(x.flatten().tolist(), texts) for x, texts in one.captioned(16, share=0.5)]
    assert [x.flatten().tolist() for x, _ in other.batches(16, share=0.5)] == [x for x, _ in told]
    assert len(told) == 6
    for x, texts in told:
        assert texts == [f"number {i}" for i in x]
    assert one.seen == 96


def test_without_captions_the_call_itself_says_so_and_spends_nothing():
    split = Split(Examples(np.zeros((4, 1), np.uint8)))
    plain = TrainingData(Space((1,)), split, split, 100)
    with pytest.raises(Unsuitable, match="needs data with captions, such as digits-captions"):
        plain.captioned(2)
    assert len([*plain.batches(2)]) == 50
    with pytest.raises(GenbenchError, match="a training stage got no batches"):
        data(8).captioned(16)


class Killed(BaseException):
    """Ends a fit between two batches."""


def test_a_killed_fit_goes_on_with_the_batches_that_an_undisturbed_one_has(tmp_path):
    def told(folder, until: int) -> list[list[str]]:
        own, seen = data(320, keeper=FolderKeeper(tmp_path / folder, 0)), []
        own.checkpoint(part=torch.nn.Linear(1, 1))
        try:
            for _, texts in own.captioned(16):
                seen.append(texts)
                if len(seen) == until:
                    raise Killed
        except Killed:
            pass
        return seen

    whole, first = told("whole", 100), told("killed", 7)
    assert first == whole[:7]
    rest = told("killed", 100)
    assert rest == whole[-len(rest) :]
    assert 13 <= len(rest) < 20


def test_a_fit_may_read_the_captions_of_what_it_sees_and_no_others():
    reads = SplitFiles("home", "sha", SEEN).reads
    assert [path for path in reads if "captions" in path] == ["home/train.captions.npy", "home/valid.captions.npy"]
    assert not [path for path in SplitFiles("home", "sha", ()).reads if "captions" in path]  # of an answer
    assert not [path for path in SplitFiles("home", "sha", (), ("test",)).reads if "captions" in path]


def test_texts_are_packed_and_come_back():
    texts = ["", "a", "ein zartes Ö 7", "日本", " a "]
    rows = packed(texts)
    assert (rows.dtype, rows.shape) == (np.uint8, (5, 15))
    assert unpacked(rows) == texts
    assert packed([]).shape == (0, 0)
    with pytest.raises(ValueError, match="character 0"):
        packed(["a\0"])
