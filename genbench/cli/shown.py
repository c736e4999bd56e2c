"""Shown: the scores of samples, and the verdict on copies, as `genbench score` prints them."""

from collections.abc import Mapping

from genbench.cli.printing import one_line
from genbench.records.gates import CopyVerdict
from genbench.records.score import ScoreRecord


def show_scores(name: str, scores: Mapping[str, ScoreRecord]) -> None:
    """A table of scores: value, interval, which way is better, and what belongs to it."""
    from rich.markup import escape

    from genbench.cli.figures import number
    from genbench.cli.tables import show, table

    shown = table("score", "value", "95 % interval", "better", "beside it", title=escape(name))
    for own, score in scores.items():
        title = f" ({score.title})" if score.title == "FID" else ""
        told = {words: score.details[key] for words, key in score.shown.items() if key in score.details}
        beside = ", ".join(f"{words} {number(value)}" for words, value in told.items())  # the JSON has all
        better = " ".join(filter(None, (f"{score.direction.arrow} {score.direction.value}", score.unit)))
        has_interval = score.low is not None and score.high is not None
        interval = f"{number(score.low or 0)} – {number(score.high or 0)}" if has_interval else "–"
        shown.add_row(*map(escape, (own + title, number(score.value), interval, better, beside or "–")))
    show(shown)


def verdict_words(verdict: CopyVerdict) -> str:
    """What the gate says of the samples, and the smallest shares of copies that it would have seen."""
    seen = ", ".join(f"{name} {share:.1%}" for name, share in verdict.detectable.items() if share is not None)
    meaning = "" if verdict.reason else "; clear means not refuted"
    detectable = f" (the smallest shares of copies that are seen: {seen}{meaning})" if seen else ""
    return f"{verdict.status.value}{f': {verdict.reason}' if verdict.reason else ''}{detectable}"


def say(text: str) -> None:
    """Print it in one line."""
    print(one_line(text))
