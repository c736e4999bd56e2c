"""Labels for marks: each where it covers neither another label nor a mark, else left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CHARACTER, LINE, RADIUS = 6.8, 13.0, 6.0  # pixels: a character's width, a line's height, a mark's radius
Box = tuple[float, float, float, float]  # left, top, right, bottom

# Directions from the mark, the preferred first; then the same from further away, with a line back to the mark.
_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
_DISTANCES = (9.0, 20.0, 34.0, 50.0, 68.0)


@dataclass(frozen=True)
class Label:
    """A text's baseline position and anchor; `leader`: it stands so far off that a line joins it to the mark."""

    text: str
    x: float
    y: float
    anchor: str
    leader: bool


def placed(
    spots: Sequence[tuple[float, float]], texts: Sequence[str], bounds: Box, lines: Sequence[Box] = ()
) -> list[Label | None]:
    """A label for each spot, the first ones first; None where no free place is near it.

    Args:
        spots: centres of the marks.
        texts: one for each spot.
        bounds: what no label crosses.
        lines: what labels do not cover as long as there is a place elsewhere.
    """
    taken = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in spots]
    labels: list[Label | None] = []
    for spot, text in zip(spots, texts, strict=True):
        free = [place for place in _places(spot, text) if _inside(place[1], bounds) and _clear(place[1], taken)]
        label, box = next((place for place in free if _clear(place[1], lines)), free[0] if free else (None, None))
        labels.append(label)
        taken += [box] if box else []
    return labels


def _places(spot: tuple[float, float], text: str) -> Iterator[tuple[Label, Box]]:
    """Where the label may stand, the best first."""
    width = CHARACTER * len(text)
    for distance in _DISTANCES:
        for right, down in _DIRECTIONS:
            x = spot[0] + right * distance * (0.75 if down else 1)
            y = spot[1] + down * (distance + LINE / 4)
            left = x - width * (1 - right) / 2
            anchor = {1: "start", 0: "middle", -1: "end"}[right]
            label = Label(text, round(x, 1), round(y + LINE / 4, 1), anchor, distance > _DISTANCES[0])
            yield label, (left, y - LINE / 2, left + width, y + LINE / 2)


def _inside(box: Box, bounds: Box) -> bool:
    return box[0] >= bounds[0] and box[1] >= bounds[1] and box[2] <= bounds[2] and box[3] <= bounds[3]


def _clear(box: Box, others: Sequence[Box]) -> bool:
    """Whether the box overlaps none of the others."""
    return not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)
