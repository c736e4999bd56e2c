"""Makes the weights of `words-gru`: `python tools/train_words_gru.py OUT.safetensors`.

Only the training split of `words` is trained on. The settings are a first guess, and were not compared with others.
"""

import argparse
import logging
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from genbench.builtin.datasets.words import Words
from genbench.builtin.extractors.words_gru import DIM, END, LENGTH, LEVELS, Network, told_places
from genbench.seeds import seed_for

STEPS = 6000
BATCH = 256
PEAK_RATE = 4e-3
CHANGED = 0.5  # share of the words in which anything is changed
MOST = 0.6  # largest share of a word's letters that are
SHARE_WEIGHT = 2.0  # of the estimate of that share in the loss

log = logging.getLogger(__name__)


class Tasks(nn.Module):
    """What training asks of the features: the letters back, and the share of them that was changed.

    Letters alone would tell how varied words are and nothing of whether they are words; the share alone would collapse
    all words to a point.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = Network()
        self.decoder = nn.Sequential(nn.Linear(DIM, 256), nn.GELU(), nn.Linear(256, LENGTH * LEVELS))
        self.share = nn.Linear(DIM, 1)

    def forward(self, x: Tensor, share: Tensor) -> Tensor:
        """The loss on words [N, 16] and shares [N] of their letters that are changed."""
        features = self.network(x)
        told = told_places(x)
        letters = cross_entropy(self.decoder(features).view(-1, LENGTH, LEVELS)[told], x[told])
        return letters + SHARE_WEIGHT * mse_loss(self.share(features)[:, 0], share / (MOST / 2))


def changed(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Words [N, 16] of which half have letters that another word has at that place, and the share [N] that differ.

    A letter comes from its place in another word of the batch, so that what gives a change away is never how frequent
    a letter is there, but what stands beside it.
    """
    others = x[torch.randperm(len(x), generator=generator)]
    chosen = torch.rand(len(x), 1, generator=generator) < CHANGED
    rate = torch.rand(len(x), 1, generator=generator) * MOST * chosen
    taken = (torch.rand(x.shape, generator=generator) < rate) & (x != END) & (others != END)
    out = torch.where(taken, others, x)
    return out, (out != x).sum(1) / (x != END).sum(1).clamp(min=1)


def train(x: Tensor, steps: int) -> Network:
    """The network after `steps` batches of words [N, 16]; the same again on one machine with one thread."""
    seed = seed_for("words-gru")
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tasks = Tasks()
    optimizer = torch.optim.AdamW(tasks.parameters(), PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=steps, pct_start=0.15, cycle_momentum=False
    )
    for step in range(steps):
        rows = torch.randint(len(x), (BATCH,), generator=generator)
        loss = tasks(*changed(x[rows], generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if not step % 1000:
            log.info("%d: loss %.3f", step, loss.item())
    return settled(tasks.network, x)


@torch.no_grad()
def settled(network: Network, x: Tensor) -> Network:
    """The statistics of the features' normalisation taken from all of the words as they are."""
    network.norm.reset_running_stats()
    network.norm.momentum = None  # the plain mean over batches
    for rows in torch.split(x, 4096):
        network(rows)
    return network.eval()


def main(arguments: list[str]) -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description="Train words-gru on one CPU thread (about ten minutes).")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--steps", type=int, default=STEPS, help="training batches (default: %(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    torch.set_num_threads(1)
    network = train(torch.from_numpy(Words().splits().train.x).long(), options.steps)
    save_file(network.state_dict(), options.out)


if __name__ == "__main__":
    main(sys.argv[1:])
