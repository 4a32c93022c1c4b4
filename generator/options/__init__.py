"""Each global option, declared once: a key of the ConfigMap, its type, default, meaning, effect.

A module a group; every module here that has a `GROUP` counts, no list has to be kept.
An annotation with a global counterpart names its option as its default. The reference in
the documentation is made from the declarations. Knows no Kubernetes objects but the
ConfigMap's data, and nothing of other rooms' work.
"""
