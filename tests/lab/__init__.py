"""A real Kubernetes for tests: kube-apiserver and etcd, as processes.

`binaries` finds or builds the programs, `control_plane` runs them, `client`
reads and writes their objects, `namespace` gives the whole run a network of its
own, and `backend` serves where a cluster would have pods. The lab knows nothing
of the product; nothing here is shipped.
"""
