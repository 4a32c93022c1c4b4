"""Which Ingresses nginx refuses, what is served instead, and how a culprit is found. Pure.

Knows Ingresses and snapshots; nothing of nginx's text, of the volume or of how a
configuration is made.
"""
