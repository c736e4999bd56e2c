"""Further terms, of scores that some boards alone have."""

from genbench.report.terms import Term

MORE = (
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
)
