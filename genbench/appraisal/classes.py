"""Classes: the scores of each class by its label."""

from genbench.appraisal.findings import Metrics
from genbench.appraisal.outcome import ClassScores
from genbench.appraisal.sides import Sides
from genbench.contracts.evidence import Evidence
from genbench.errors import GenbenchError, Unavailable
from genbench.scoring.per_class import labels_of, per_class
from genbench.scoring.scores import Compared


def of_classes(
    metrics: Metrics, sides: Sides, evidence: Evidence, compared: Compared
) -> tuple[dict[str, ClassScores], str]:
    """The scores of each class by its label, and where the labels come from.

    Raises:
        GenbenchError: nobody knows the classes.
    """
    try:
        real, generated, origin = labels_of(compared, sides.yardstick.y, sides.generated.y)
    except Unavailable as error:
        raise GenbenchError(
            f"--per-class needs labels on both sides, in a .npz beside the images, or by a dataset; else it {error}"
        ) from error
    alone = {name: cls for name, cls in metrics.items() if cls.uses_features and not cls.needs_train}
    parts = per_class(alone, evidence, compared, real, generated)
    return {
        str(part.label): ClassScores(part.n, part.reference_n, part.found.scores, part.found.missing) for part in parts
    }, origin
