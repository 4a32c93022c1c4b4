"""Snapshot to Model and Problems. Pure: the same snapshot gives the same model.

`translate` has the steps; a module each for what a step knows. Knows Kubernetes'
rules and the annotations' values; knows nothing of nginx's syntax, of the apiserver
or of the volume.
"""

from generator.translation.last_good import LastGood
from generator.translation.memo import Memo
from generator.translation.references import references
from generator.translation.settings import TranslationSettings
from generator.translation.translate import Translation, translate
from generator.translation.validity import out_of_date

__all__ = [
    "LastGood",
    "Memo",
    "Translation",
    "TranslationSettings",
    "out_of_date",
    "references",
    "translate",
]
