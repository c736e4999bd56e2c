"""Operators: what `restore` may ask a model to undo, one file each."""

from collections.abc import Mapping

from genbench.builtin.operators.blur import Blur
from genbench.builtin.operators.box import Box
from genbench.builtin.operators.colour import Colour
from genbench.builtin.operators.crop import Crop
from genbench.builtin.operators.hdr import HighDynamicRange
from genbench.builtin.operators.prefix import Prefix
from genbench.builtin.operators.sr import FourTimes, Twice
from genbench.contracts.operator import Operator

OPERATORS: Mapping[str, type[Operator]] = {
    operator.name: operator for operator in (Box, Crop, Twice, FourTimes, Blur, Colour, HighDynamicRange, Prefix)
}
