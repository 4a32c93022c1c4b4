"""Which Ingresses are ours. Rules: Kubernetes, Ingress, "Ingress class"."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from generator import problems
from generator.objects import Ingress, IngressClass, Name
from generator.problems import Code, Problem, shown
from generator.translation.settings import TranslationSettings

ANNOTATION = "kubernetes.io/ingress.class"
"""The way before IngressClass; it counts where the field is not given (docs/decisions/0094)."""


class Classes(Struct, frozen=True):
    """The IngressClasses that are ours, and the rules for Ingresses without one."""

    options: TranslationSettings
    ours: frozenset[str]
    foreign: frozenset[str]
    has_default: bool
    """Whether one of Pillion's classes is the cluster's default."""

    @classmethod
    def of(
        cls, ingress_classes: Mapping[Name, IngressClass], options: TranslationSettings
    ) -> "Classes":
        """Sort the cluster's IngressClasses."""
        ours = [
            c for c in ingress_classes.values() if c.spec.controller == options.controller_class
        ]
        names = frozenset(c.metadata.name for c in ours)
        return cls(
            options,
            names,
            frozenset(name.name for name in ingress_classes) - names,
            any(c.is_default for c in ours),
        )

    def claim(self, ingress: Ingress) -> bool:
        """Tell whether this Ingress is ours to serve."""
        if named := ingress.spec.ingress_class_name:
            return self._is_ours(named)
        if annotated := ingress.metadata.annotations.get(ANNOTATION, ""):
            return self._is_ours_by_annotation(annotated)
        return self.options.watch_ingress_without_class or self.has_default

    def _is_ours(self, named: str) -> bool:
        by_name = self.options.ingress_class_by_name and named == self.options.ingress_class
        return named in self.ours or (by_name and named not in self.foreign)

    def _is_ours_by_annotation(self, annotated: str) -> bool:
        return annotated in self.ours or (
            annotated == self.options.ingress_class and annotated not in self.foreign
        )

    def compatible(self, ingress: Ingress) -> bool:
        """Tell whether ingress-nginx's ways hold for this Ingress."""
        name = ingress.spec.ingress_class_name or ingress.metadata.annotations.get(ANNOTATION, "")
        return not name or name in self.options.compatible_classes

    def problems(self, ingress: Ingress) -> Iterator[Problem]:
        """Report classes that lead elsewhere than their Ingress's author may think."""
        named = ingress.spec.ingress_class_name
        annotated = ingress.metadata.annotations.get(ANNOTATION, "")
        if named and not self._is_ours(named) and named not in self.foreign:
            yield self._unknown(ingress, named)
        if named and annotated and self._is_ours(named) != self._is_ours_by_annotation(annotated):
            yield self._contradicted(ingress, named, annotated)

    def _unknown(self, ingress: Ingress, named: str) -> Problem:
        known = ", ".join(sorted(self.ours)) or "none yet"
        return problems.warning(
            ingress.ref,
            "spec.ingressClassName",
            Code.CLASS_UNKNOWN,
            f'There is no IngressClass "{named}".',
            f"Create it, or name one of Pillion's: {known}.",
            meanwhile="it is not served",
        )

    def _contradicted(self, ingress: Ingress, named: str, annotated: str) -> Problem:
        served = "it is served" if self._is_ours(named) else "Pillion does not serve it"
        return problems.warning(
            ingress.ref,
            ANNOTATION,
            Code.CLASS_CONTRADICTED,
            f"It says {shown(annotated)}, and spec.ingressClassName says {shown(named)}.",
            "Remove the annotation: other controllers may read it first, and serve it too.",
            meanwhile=f"the field counts, as in ingress-nginx, and {served}",
        )
