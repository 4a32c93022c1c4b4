"""Each annotation, declared once: name, type, default, scope, what an error costs, meaning.

A module a feature. What a declaration says is all there is to say of an annotation:
`pillion lint` and the reference in the documentation are made from it. Knows no
objects but the text of annotations, and nothing of other rooms' work.
"""

from generator.annotations import access, backends, bodies, canary, redirects, rewriting, timeouts
from generator.annotations.declaration import Annotation

ALL: tuple[Annotation[object], ...] = tuple(
    value
    for module in (access, backends, bodies, canary, redirects, rewriting, timeouts)
    for value in vars(module).values()
    if isinstance(value, Annotation)
)
"""Every annotation, in order of features."""

BY_NAME = {name: a for a in ALL for name in (a.name, *a.aliases)}
"""Every annotation by its name and by its older names."""
