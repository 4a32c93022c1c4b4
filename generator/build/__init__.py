"""Snapshot to Model and Problems. Pure: the same snapshot gives the same model.

`build.py` has the steps; a module each for what a step knows. Knows Kubernetes'
rules and the annotations' values; knows nothing of nginx's syntax, of the apiserver
or of the volume.
"""

from generator.build.build import Build, build
from generator.build.known import Known
from generator.build.memo import Memo
from generator.build.options import Options
from generator.build.references import references

__all__ = ["Build", "Known", "Memo", "Options", "build", "references"]
