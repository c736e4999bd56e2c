"""`genbench stats`: write the mean and the covariance of real data's features, to be compared with later."""

import sys
from argparse import Namespace

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command, add_device, add_sources
from genbench.errors import GenbenchError

EXAMPLES = """\
examples:
  genbench stats real/ -o real.npz                                  for: genbench score samples/ --reference real.npz
  genbench stats --dataset cifar10 --against train -o cifar10.npz   the whole training set, as in papers
  genbench stats --features F.npy -o f.npz                          features that you already have

The file holds mu and sigma, as pytorch-fid, clean-fid and torch-fidelity's users publish them, and besides n, the
extractor and the rows that they are of. Such a file gives fd alone: the other scores need the features themselves.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "stats", "write mean and covariance of features to a file", EXAMPLES, written)
    parser.add_argument("data", nargs="?", metavar="DATA", help="a folder of images, or an array file")
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="the .npz file that is written")
    parser.add_argument("--dataset", default="", metavar="NAME", help="of a dataset's rows (see genbench list)")
    parser.add_argument("--against", default="", metavar="PART", help="train (default: its whole training set) or test")
    parser.add_argument("--features", metavar="FILE", help="[N, d] floats instead of images")
    parser.add_argument(
        "--extractor", default="", metavar="NAME", help="what makes the features (default: as in score)"
    )
    parser.add_argument("--resize", default="", metavar="NAME:SIDE", help="brings images to one size, as in score")
    parser.add_argument("--upright", action="store_true", help="turn images as their EXIF orientation says")
    parser.add_argument("--key", default="", metavar="NAME", help="of the array in a file that holds several")
    add_device(parser)
    add_sources(parser)


def written(options: Namespace) -> Exit:
    """Write the file, and say what is in it."""
    from genbench.cli.appraising import progress

    if not options.output:
        raise GenbenchError("-o FILE says where the statistics are written")
    from genbench.appraisal.moments import StatisticsRequest, written as write

    request = StatisticsRequest(**{name: getattr(options, name) for name in StatisticsRequest.__dataclass_fields__})
    with progress(sys.stderr) as listener:
        found, side = write(request, listener)
    made = found.extractor or "features as given"
    print(f"{request.output}: mean and covariance of {found.moments.count:,} rows of {side.name}, {made}")
    return Exit.OK
