"""Terms of single tasks: the words for the scores of boards that ask other things than samples of images."""

from genbench.report.terms import Term

TASK_TERMS = (
    Term(
        "energy",
        "Energy score",
        "How far draws are from the truth, less half of how far they are from each other. Only draws from the right "
        "law have the lowest mean: a single best guess pays for having no spread.",
        ("energy score", "Energy score"),
        "energy",
    ),
    Term(
        "crps",
        "CRPS",
        "The energy score of each hidden entry by itself: it does not see how entries hang together.",
        ("CRPS",),
        "crps",
    ),
    Term(
        "suffix-nats",
        "Suffix nats",
        "How improbable a model's own law holds what really follows: -ln p(the rest | what is told), the mean over "
        "test rows. Only models that were asked entry by entry have it; draws by heart have no such law.",
        ("suffix nats",),
        "suffix-nats",
    ),
    Term(
        "posterior-ratio",
        "Posterior ratio",
        "Squared error of a draw against that of the mean of several. 1 is what draws from the right law have; the "
        "same answer again and again has less, draws that are spread too far have more.",
        ("posterior ratio",),
        "posterior-ratio",
    ),
    Term(
        "rank-distance",
        "Rank distance",
        "Where the truth lies among the draws, entry by entry: 0 where each place is as frequent as any other.",
        ("rank distance",),
        "rank-distance",
    ),
    Term(
        "consistency",
        "Consistency",
        "How far what is measured of an answer is from what was told, in levels. Answers that do not agree are barred.",
        ("consistency",),
        "consistency",
    ),
    Term(
        "psnr",
        "PSNR, SSIM",
        "Nearness to the one true image. Both are best for a blurred mean of all that could be, so that they are shown "
        "and rank nobody.",
        ("PSNR", "SSIM"),
        "psnr",
    ),
    Term(
        "accuracy",
        "Accuracy",
        "How often the class that a candidate holds most probable is the true one.",
        ("accuracy", "Accuracy"),
        "accuracy",
    ),
    Term(
        "nll",
        "NLL",
        "What the true class costs in nats, on average: 0 if it was certain each time, ln of the number of classes for "
        "who knows nothing. One certain mistake makes it infinite.",
        ("NLL",),
        "nll",
    ),
    Term(
        "brier",
        "Brier score",
        "The squared distance of the probabilities from the truth, 0 to 2. It can be lowered by nothing but better "
        "probabilities.",
        ("Brier score",),
        "brier",
    ),
    Term(
        "ece",
        "ECE",
        "The gap between how sure a candidate is and how often it is right. Whoever always tells the frequencies of "
        "the classes has next to none: it ranks nobody.",
        ("ECE",),
        "ece-15",
    ),
    Term(
        "cas",
        "CAS",
        "A classifier is trained on labelled samples and tried on real test data: its accuracy.",
        ("CAS",),
        "cas",
    ),
    Term(
        "bits-per-token",
        "Bits/token",
        "How many bits a letter, or whatever a sequence is made of, costs under the model, its end counted: fewer are "
        "better.",
        ("bits/token",),
        "bits-per-token",
    ),
    Term(
        "novelty",
        "New",
        "The share of samples that are no row of the data. Noise is new, too: it has no best.",
        (),
        "novelty",
    ),
    Term(
        "hit-ratio",
        "Train/held hits",
        "How many training rows come again among the samples, for each row that no model saw and that comes as well: 1 "
        "is fair, more is learning by heart.",
        (),
        "hit-ratio",
    ),
    Term(
        "class-kept",
        "Class kept",
        "How many translations a classifier, which has learnt from real images of both domains, takes for the class of "
        "what was shown. Of the true pairs it is what the classifier itself is right about.",
        (),
        "class-kept",
    ),
    Term(
        "domain",
        "Domains, pairs",
        "The two classes of these data, such as plain and bold digits. A pair is the same image in both; models train "
        "without any.",
        ("domains", "domain", "pairs"),
        "class-kept",
    ),
    Term(
        "inner-bar",
        "Inner bar",
        "A bar of a tune between two single bar lines. It has to last as long as the metre says; the first and last "
        "bars of a part may be shorter.",
        ("inner bars", "inner bar"),
        "bar-validity",
    ),
    Term(
        "pitch-class",
        "Pitch class",
        "A note by its name, whatever its octave: C, C sharp … B, twelve of them.",
        ("pitch classes", "pitch class"),
        "pitch-tv",
    ),
    Term(
        "autocorrelation",
        "Autocorrelation",
        "How much a series is like itself some steps later, its own mean and variance taken out, from -1 to 1.",
        ("autocorrelations", "autocorrelation"),
        "acf-error",
    ),
    Term(
        "alignment",
        "Alignment",
        "The share of images that show all that their captions say, measured again from the image. Of real images it "
        "is what the measurement itself is mistaken in.",
        ("alignment",),
        "alignment",
    ),
    Term(
        "new-captions",
        "New captions",
        "Captions whose combination of words no training image has, though each word comes beside others there.",
        ("new captions",),
        "alignment-held-out",
    ),
)
