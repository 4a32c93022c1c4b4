"""Which Ingresses are ours. Rules: Kubernetes, Ingress, "Ingress class"."""

from collections.abc import Mapping

from msgspec import Struct

from generator import problems
from generator.objects import Ingress, IngressClass, Name
from generator.problems import Code, Problem
from generator.translation.settings import TranslationSettings

ANNOTATION = "kubernetes.io/ingress.class"
"""The way before IngressClass; where both are given, it counts."""


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
        annotated = ingress.metadata.annotations.get(ANNOTATION, "")
        if annotated:
            return annotated in self.ours or (
                annotated == self.options.ingress_class and annotated not in self.foreign
            )
        named = ingress.spec.ingress_class_name
        if named:
            return named in self.ours or (
                self.options.ingress_class_by_name
                and named == self.options.ingress_class
                and named not in self.foreign
            )
        return self.options.watch_ingress_without_class or self.has_default

    def compatible(self, ingress: Ingress) -> bool:
        """Tell whether ingress-nginx's ways hold for this Ingress."""
        name = ingress.metadata.annotations.get(ANNOTATION, "") or ingress.spec.ingress_class_name
        return not name or name in self.options.compatible_classes

    def problem(self, ingress: Ingress) -> Problem | None:
        """Report an Ingress that names a class which does not exist, so that it is not served."""
        named = ingress.spec.ingress_class_name
        unknown = named and named not in self.ours and named not in self.foreign
        if not unknown or self.claim(ingress):
            return None
        known = ", ".join(sorted(self.ours)) or "none yet"
        return problems.warning(
            ingress.ref,
            "spec.ingressClassName",
            Code.CLASS_UNKNOWN,
            f'There is no IngressClass "{named}".',
            f"Create it, or name one of Pillion's: {known}.",
            meanwhile="it is not served",
        )
