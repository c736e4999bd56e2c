"""`words-gru`: a small recurrent network for the words dataset, its weights in this package.

`python tools/train_words_gru.py OUT.safetensors` makes the weights again.
"""

from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from genbench.contracts.extractor import Extractor
from genbench.errors import Unsuitable
from genbench.files.atomic import sha256_of
from genbench.records.space import Space

WEIGHTS = Path(__file__).with_name("words_gru.safetensors")
LENGTH, LEVELS, END = 16, 27, 0
DIM = 64
EMBEDDED, WIDTH = 32, 96
BATCH = 1024  # words that pass the network at a time: bounds its memory


class Network(nn.Module):
    """A GRU that reads a word from both sides, and a linear map of what it made of it to 64 features.

    Its outputs over the letters and the end are averaged, and the largest of each is taken: what stands after the end
    is seen by nothing. The features are of about unit variance on real words, and saturate nowhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LEVELS, EMBEDDED)
        self.gru = nn.GRU(EMBEDDED, WIDTH, batch_first=True, bidirectional=True)
        self.out = nn.Linear(4 * WIDTH, DIM, bias=False)
        self.norm = nn.BatchNorm1d(DIM, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 16] letters, any integer dtype → float32 [N, 64]."""
        told = told_places(x)
        rows = nn.utils.rnn.pack_padded_sequence(
            self.embedding(x.long()), told.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        read, _ = nn.utils.rnn.pad_packed_sequence(self.gru(rows)[0], batch_first=True, total_length=x.shape[1])
        kept = told[..., None]
        mean = (read * kept).sum(1) / kept.sum(1)
        most = read.masked_fill(~kept, -torch.inf).amax(1)
        out: Tensor = self.norm(self.out(torch.cat([mean, most], 1)))
        return out


def told_places(x: Tensor) -> Tensor:
    """[N, L] → bool [N, L]: the letters and the first end; True throughout where there is none."""
    ended = (x == END).cummax(1).values
    return ~torch.nn.functional.pad(ended[:, :-1], (1, 0))


def trained(weights: Path = WEIGHTS) -> Network:
    """The network with the weights of a file, on the CPU, ready for inference."""
    with torch.device("meta"):  # no random initialisation, so that nobody's generator moves
        network = Network()
    network.load_state_dict(load_file(weights), assign=True)
    network.gru.flatten_parameters()
    return network.eval()


class WordsGru(Extractor):
    """Features that know English words: d = 64, of a GRU that must keep the word and see where it is no word.

    Training asks the features for the letters back and for how many of them were changed at random
    (`train_words_gru`): counts of short runs (`ngrams`) hardly see what a word is as a whole.
    Source of the cell: Cho et al. 2014, https://arxiv.org/abs/1406.1078.
    """

    name: ClassVar[str] = "words-gru"
    source: ClassVar[str] = "genbench; trained on the training split of `words`"
    version: ClassVar[str] = "1"
    dim: ClassVar[int | None] = DIM
    hides = (f"genbench/builtin/extractors/{WEIGHTS.name}",)

    def __init__(self, space: Space, device: torch.device) -> None:
        """Load the weights from the package.

        Raises:
            Unsuitable: the Space is not that of `words` (16 places, the end and 26 letters).
        """
        if (space.shape, space.levels, space.end) != ((LENGTH,), LEVELS, END):
            served = Space((LENGTH,), LEVELS, end=END)
            raise Unsuitable(
                f"extractor {self.name} serves {served}, got {space}; ngrams serves any sequence of tokens"
            )
        self._network = trained().to(device)

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file in the package."""
        return sha256_of(WEIGHTS)

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """[N, 16] integers in [0, 26] on the device → float32 [N, 64], of about unit variance on real words."""
        return torch.cat([self._network(rows) for rows in torch.split(x, BATCH)])
