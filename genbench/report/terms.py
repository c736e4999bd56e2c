"""Terms: the technical words of a board's page, and what each means in plain English."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A technical word."""

    key: str
    """Of its address, "#term-KEY"."""
    title: str
    words: str
    spellings: tuple[str, ...] = ()
    """As sentences have it; none where only templates lead there."""
    needs: str = ""
    """The axis, or the metric, without which a board does not speak of it; "" for what every board speaks of."""


TERMS = (
    Term("candidate", "Candidate", "A model with its settings and one way to draw from it: a row of the table."),
    Term(
        "preset",
        "Preset",
        "One of several ways to draw from the same fitted model, such as 25 steps instead of 200. Presets of one fit "
        "are not each other's rivals.",
        ("presets of one", "presets", "sampler"),
    ),
    Term(
        "control",
        "Control",
        "One of the harness's own, which shows what the scores read for something known: real data that no model saw "
        "(the ceiling), noise (the floor), copies of the training data. Never ranked.",
        ("controls",),
    ),
    Term(
        "seed",
        "Training seed",
        "One training run from a random start of its own. Each model is trained several times, since runs differ.",
        ("seeds", "seed"),
    ),
    Term(
        "axis",
        "Axis",
        "One of the sides that a candidate has to be good at. One score of the table stands for it.",
        ("axes", "axis"),
    ),
    Term(
        "interval",
        "± and intervals",
        "The mean over all seeds that there could be lies within ± of the printed one, with 95 % confidence (Student's "
        "t). Two or three seeds make it wide, one makes none. Overlapping intervals do not order two candidates.",
        ("95% interval",),
    ),
    Term(
        "running",
        "In the running",
        "Candidates whose quality and coverage may reach half of what held-out real data have, timed on the machine "
        "whose speeds are ranked. The others keep their scores and ranks, and decide nothing.",
        ("in the running", "Not in the running", "not in the running", "rivals", "rival"),
    ),
    Term(
        "verdict",
        "Who wins",
        "A candidate wins where it is better than every rival on every axis. Nobody wins where a rival beats each one "
        "on some axis. Otherwise the seeds do not settle it: undecided.",
        ("Undecided", "undecided"),
    ),
    Term(
        "significant",
        "Significant, α and p",
        "p is how often chance alone would show a difference as large. Below α, here 0.05, it is called significant, "
        "and the two candidates separated.",
        ("significantly beaten", "significantly", "separated", "Separated", "separate", "α"),
    ),
    Term(
        "holm",
        "Holm's correction",
        "Of many comparisons some look different by luck. The correction asks the more of each, the more there are.",
        ("Holm's correction", "Holm"),
    ),
    Term(
        "test",
        "t test",
        "Whether two means differ by more than their seeds scatter. Welch's form lets each candidate scatter in its "
        "own way; moderated variances borrow from all of them where seeds are few. Shares are compared by their "
        "arcsine, distances and speeds by their logarithm.",
        ("Welch's t test", "t test", "moderated variances"),
    ),
    Term("margin", "Margin", "How large a difference has to be to matter to a user.", ("margins", "margin")),
    Term(
        "provisional",
        "Provisional",
        "Some candidate has fewer than five seeds, too few for a board to be published.",
        ("Provisional", "provisional"),
    ),
    Term(
        "verified-by",
        "Self-reported, recomputed, verified by rerun",
        "Self-reported: nobody else checked the numbers. Recomputed: scores and gates came out again from the samples "
        "that the author handed in; speeds, costs and whose samples they are stay the author's word. Verified by "
        "rerun: the model was trained and drawn from again.",
        ("Self-reported", "self-reported", "recomputed", "verified by rerun"),
    ),
    Term(
        "fragile", "Fragile", "Without one single candidate the verdict would be another one.", ("Fragile", "fragile")
    ),
    Term(
        "tier",
        "Tier",
        "A tier begins with the first candidate that is significantly behind the first of the tier above: nobody in "
        "it is told apart from its first. Tier 1 holds the best mean.",
        ("tiers", "tier"),
    ),
    Term(
        "rank",
        "Rank",
        "The place by the mean, as the range of places in 95 % of the replicates. Equal means share one.",
        ("ranks", "ranked", "rank"),
    ),
    Term(
        "replicate",
        "Replicate",
        "The board redrawn, with seeds picked at random from those that were run. A percentage of replicates says how "
        "much a result depends on the seeds.",
        ("replicates",),
    ),
    Term(
        "front",
        "Pareto front",
        "The candidates to which no other is equal or better on every axis and better on one.",
        ("Pareto front", "front"),
    ),
    Term(
        "volume",
        "The cube",
        "Each axis runs from what the floor has, 0, to what the ceiling has, 1; speeds from 1 to 100,000 a second. The "
        "share of that cube which the candidates together reach says how far they have come.",
        ("the cube",),
    ),
    Term(
        "extractor",
        "Extractor, features",
        "A fixed network, or plain pixels, that turns an image into the numbers by which samples and real data are "
        "compared. Another one may see other faults.",
        ("extractor", "features"),
    ),
    Term("tau", "τ", "Kendall's: 1 where two orders agree on every pair, 0 for chance, −1 for the reverse.", ("τ",)),
    Term(
        "gate",
        "Gate",
        "A check that comes before ranks: who copies, or whose density is none, is shown and not ranked.",
        ("gates", "gate"),
    ),
    Term(
        "copies",
        "Copies",
        "Samples that come closer to real images than fresh real images do. “Flagged” is beyond doubt (99.9 %); “no "
        "copies found”, or “clear”, means not refuted, and says nothing of privacy.",
        ("flagged", "copies"),
    ),
    Term(
        "tail",
        "Tail test, nearness",
        "How many samples come as close to real images as the closest 1 % of fresh real ones: in features, or pixels.",
        ("tail test", "Nearness in features", "Nearness in pixels"),
    ),
    Term(
        "one-third",
        "One-third",
        "How many samples are at less than a third of the distance to one real image than to the next: near copies.",
        ("one-third", "One-third"),
    ),
    Term("span", "Span", "How many samples are hardly more than a mixture of four real images.", ("Span", "span")),
    Term(
        "transformed",
        "Transformed",
        "How many samples are a real image that was moved, turned, flipped or inverted.",
        ("Transformed", "transformed"),
    ),
    Term(
        "repeats",
        "Repeats",
        "How many samples come again, exactly or nearly, as they would from a bank of stored images.",
        ("Near-repeats", "Repeats", "near-repeats", "repeats", "bank"),
    ),
    Term(
        "contracted",
        "Contracted",
        "Samples lie denser among real data than fresh real data do: averages, or variations of few images.",
        ("contracted",),
    ),
    Term(
        "classes",
        "Classes left out",
        "A candidate lacks half of a class of the data, or more, at most seeds. It has no rank in coverage.",
        ("class of the data left out", "classes of the data left out", "classes left out"),
        "coverage",
    ),
    Term(
        "clipped-density",
        "Clipped density",
        "How many samples lie where real data are dense; no sample counts for more than one. 1 is as real data.",
        (),
        "clipped-density",
    ),
    Term(
        "clipped-coverage",
        "Clipped coverage",
        "How much of the real data has samples around it, as much as good samples would give. 1 is all of it.",
        (),
        "clipped-coverage",
    ),
    Term(
        "quality-share",
        "Quality",
        "Clipped density as a share of what fresh real data get, lowered where samples are too dense. 1 is as real.",
        (),
        "quality-share",
    ),
    Term(
        "coverage-share",
        "Coverage share",
        "The lesser of clipped coverage and clipped recall, as a share of what fresh real data get. 1 is as real.",
        (),
        "coverage-share",
    ),
    Term(
        "fd",
        "FD and its floor",
        "Fréchet distance: how far the features of samples are from those of real data, as two Gaussians. The floor is "
        "what real data have against real data; the fewer samples, the higher. Not FID, but with Inception's features.",
        ("FD",),
        "fd",
    ),
    Term(
        "bits",
        "bits/dim",
        "How many bits a pixel of unseen real data costs under the model: fewer are better. = is exact, ≤ an upper "
        "bound, ≈ an estimate.",
        ("bits/dim", "density"),
        "bits-per-dim",
    ),
    Term(
        "verified",
        "Verified, declared",
        "Verified bits/dim were added up by the harness itself, entry by entry, so that they must sum to one. Declared "
        "ones are the model's word, not refuted by the audits, and never rank above verified ones.",
        ("verified", "declared"),
        "bits-per-dim",
    ),
    Term(
        "audit",
        "Audit",
        "A trial of a density: does it sum to one, does noise cost what noise must cost?",
        ("audits", "audited"),
        "bits-per-dim",
    ),
    Term(
        "speed",
        "Images/s",
        "Images a second of computing time, on a machine of a stated speed, so that a busy machine changes little. "
        "“wall” is by the clock. ≥ stands where the harness itself was the slower. Below a factor of 1.25: tied.",
        ("images/s",),
        "throughput",
    ),
    Term(
        "void",
        "Void",
        "A speed that does not count: its repetitions differ, too much time went beside the run, or a batch that was "
        "drawn again came out another.",
        ("void",),
        "throughput",
    ),
    Term(
        "busy",
        "Busy",
        "Others took the machine, or were on its GPU, while the speed was measured. On a CPU computing time counts: it "
        "is less sure than a quiet one. On a GPU the clock does: others slowed it.",
        (),
        "throughput",
    ),
    Term(
        "cost",
        "Cost of a fit",
        "Images that a fit was handed, and CPU seconds of all of its processes, read from outside. What was learnt "
        "before or elsewhere nobody counts.",
    ),
    Term(
        "best",
        "★ Best",
        "The best mean of a column among ranked candidates. Costs and novelty have none: noise is novel.",
    ),
    Term(
        "missing",
        "n/a and failed",
        "“n/a”: the score does not apply, a note says why. “failed”: something broke. Neither is ever a guess or a 0.",
    ),
)
