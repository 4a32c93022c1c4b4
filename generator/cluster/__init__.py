"""The only room that talks to the apiserver, and the only one that imports `kubernetes`.

Knows how to reach a cluster, follow its objects and write back to it. Must not
know what an object means: which Ingresses are ours, what they refer to and what
is served is said to it from outside.

`finding` finds the cluster, `access` proves who we are, `client` asks it, a `reflector`
a resource fills the `store`, `named` keeps what is asked for by name only,
`source` runs them as one `Source`, and `report` writes the status of Ingresses.
"""
