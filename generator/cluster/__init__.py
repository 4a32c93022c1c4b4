"""Talks to the apiserver; no other room does, or imports `kubernetes`.

Knows how to reach a cluster, follow its objects and write back to it. Does not know what
an object means: which Ingresses are ours, what they refer to and what is served is
passed in. Each module answers a question:

Reaching the apiserver
    discovery: by which way is the cluster reached?
    access: at which address, and with which credentials?
    kubeconfig: what do kubeconfig files say of that?
    plugin: which credential does an exec plugin issue?
    client: how is a request sent, and what was answered?
    errors: what can fail?
    backoff: how long until a request is repeated?

Reading
    source: how does all of it become one `Source` of snapshots?
    resources: which resources are followed, and how is an object decoded?
    reflector: how is one resource kept up to date?
    list_watch: what do lists and watches ask for and answer?
    line_splitter: where does an event in a stream end?
    refusals: which refusals are logged, and when?
    store: which objects are held, and what does a snapshot hold of them?
    named_objects: how are objects followed that are asked for by name?
    tls_secrets: which of them come by one wide watch?
    watch_slots: which others may have a watch of their own?
    object_fetcher: how is a single object read?

Writing
    reporter: how do both writers become one `Reporter` while this replica leads?
    api: what does a writer ask of a client, and may it now?
    leader_election: which replica writes?
    lease: how is that kept in the cluster?
    ingress_status: which status has to be written now?
    published_addresses: which addresses should it have?
    managed_statuses: which statuses were written before this process?
    correction_pacing: how long until a replaced status is corrected?
    kubernetes_events: which Events should there be, and which are due?
    kubernetes_event_writer: how are they written?
    token_bucket: how many at once?
"""
