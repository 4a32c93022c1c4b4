"""Each annotation, declared once: name, type, default, scope, cost of an error, meaning, effect.

A module a feature; every module here that has a `FEATURE` counts, no list has to be
kept. What a feature adds are values of `generator.effects`, which the rest of the
program passes on unread. `pillion lint` and the reference in the documentation are made
from the declarations. Knows no objects but the text of annotations, and the Secrets and
ConfigMaps that it names; nothing of other rooms' work.
"""
