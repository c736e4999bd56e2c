"""Further terms, of the boards of single tasks."""

from genbench.report.terms import Term

MORE = (
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
)
