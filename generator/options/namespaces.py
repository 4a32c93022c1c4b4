"""Which objects annotations may name."""

from generator.options.declaration import Option, OptionGroup
from generator.values.scalars import boolean

ALLOW_CROSS_NAMESPACE_RESOURCES = Option[bool](
    name="allow-cross-namespace-resources",
    parse=boolean,
    default=False,
    doc="Let annotations name Secrets and ConfigMaps of other namespaces than the Ingress's own.",
)

GROUP = OptionGroup(
    title="Objects that annotations name", options=(ALLOW_CROSS_NAMESPACE_RESOURCES,)
)
