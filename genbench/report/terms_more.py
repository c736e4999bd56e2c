"""Further terms, of the boards of single tasks."""

from genbench.report.terms import Term

MORE = (
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
