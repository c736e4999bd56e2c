"""Labels for marks: each where it covers neither another label nor a mark; a short one, or none, where no name fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from genbench.report.lettering import ASCENT, DESCENT, held, width

RADIUS, GAP = 7.0, 1.0  # pixels: of a mark, and between what stands side by side
Box = tuple[float, float, float, float]  # left, top, right, bottom

# Directions from the mark, the preferred first; then the same from further away, with a line back to the mark.
_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
_DISTANCES = (10.0, 20.0, 32.0, 44.0, 56.0)
_NAMED = 3  # of the distances, for a mark's first text; a shorter one may stand further off


@dataclass(frozen=True)
class Label:
    """A text's baseline position and anchor; `leader`: it stands so far off that a line joins it to the mark."""

    text: str
    x: float
    y: float
    anchor: str
    leader: bool
    held: float | None
    """The width to hold it to, in pixels; None: its own."""
    choice: int
    """Which of the mark's texts it is, from 0."""


Placed = tuple[Label, Box]


def placed(
    spots: Sequence[tuple[float, float]],
    texts: Sequence[Sequence[str]],
    bounds: Box,
    lines: Sequence[Box] = (),
    most: int = 80,
) -> list[Label | None]:
    """A label for each spot, the first ones first; None where no free place is near it.

    Two ways are tried: to give each one its name and to help with shorter texts where that fails; and to give each one
    its shortest text and to exchange it for the name where there is room. The one that leaves fewer out is taken.

    Args:
        spots: centres of the marks.
        texts: for each spot what may be written there, the preferred first; as many for each.
        bounds: what no label crosses.
        lines: what labels do not cover as long as there is a place elsewhere.
        most: spots that get a label; of more, nobody could read one.
    """
    order = range(len(texts[0]) if texts else 0)
    board = _Board(spots, texts, bounds, lines)
    found = [board.filled(choices, min(most, len(spots))) for choices in (order, reversed(order))]
    return min(found, key=lambda labels: (labels.count(None), sum(label.choice for label in labels if label)))


@dataclass(frozen=True)
class _Board:
    """What labels are placed on."""

    spots: Sequence[tuple[float, float]]
    texts: Sequence[Sequence[str]]
    bounds: Box
    lines: Sequence[Box]

    def filled(self, choices: "Iterator[int] | range", most: int) -> list[Label | None]:
        """Labels by the choices in their order: an earlier one stays, unless a later one is preferred to it."""
        found: list[Placed | None] = [None] * len(self.spots)
        for choice in choices:
            for i in range(most):
                if (own := found[i]) is None or own[0].choice > choice:
                    others = [other[1] for j, other in enumerate(found) if other and j != i]
                    found[i] = self._place(i, choice, others) or own
        return [own[0] if own else None for own in found]

    def _place(self, i: int, choice: int, others: Sequence[Box]) -> Placed | None:
        """The best free place for a text; None where there is none."""
        spot, text = self.spots[i], self.texts[i][choice]
        reach = max(_DISTANCES) + width(text) + RADIUS, max(_DISTANCES) + ASCENT + DESCENT + RADIUS
        around = (spot[0] - reach[0], spot[1] - reach[1], spot[0] + reach[0], spot[1] + reach[1])
        near = [box for box in (*map(_mark, self.spots), *others) if _meet(box, around)]
        free = [
            (label, box)
            for label, box in _places(spot, text, choice)
            if _inside(box, self.bounds) and _clear(box, near)
        ]
        return next((place for place in free if _clear(place[1], self.lines)), free[0] if free else None)


def _mark(spot: tuple[float, float]) -> Box:
    x, y = spot
    return x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS


def _places(spot: tuple[float, float], text: str, choice: int) -> Iterator[Placed]:
    """Where the label may stand, the best first."""
    wide, fixed = width(text) + 2 * GAP, held(text)
    for distance in _DISTANCES[:_NAMED] if choice == 0 else _DISTANCES:
        for right, down in _DIRECTIONS:
            x = round(spot[0] + right * distance * (0.75 if down else 1), 1)
            y = round(spot[1] + (ASCENT - DESCENT) / 2 + down * (distance + (ASCENT + DESCENT) / 4), 1)
            left = x - GAP - (wide - 2 * GAP) * (1 - right) / 2
            anchor = {1: "start", 0: "middle", -1: "end"}[right]
            label = Label(text, x, y, anchor, distance > _DISTANCES[0], fixed, choice)
            yield label, (left, y - ASCENT, left + wide, y + DESCENT)


def _inside(box: Box, bounds: Box) -> bool:
    return box[0] >= bounds[0] and box[1] >= bounds[1] and box[2] <= bounds[2] and box[3] <= bounds[3]


def _clear(box: Box, others: Sequence[Box]) -> bool:
    """Whether the box overlaps none of the others."""
    return not any(_meet(box, other) for other in others)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
