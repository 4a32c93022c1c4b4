"""The loop: a snapshot becomes a wish, nginx's answer to it teaches, and the next wish follows.

`state` is all that is decided by, `transitions` decide, `lessons` are what answers teach;
all three are pure. `controller` does the I/O and runs the tasks, `pacing` says when. The
dry run of `pillion lint` calls the same transitions with an nginx that serves nothing.

Words of this room: an *attempt* is the configuration made of a snapshot; published on the
volume it is a *wish*, *pending* until the reloader answers. Where nginx refuses one, the
*culprit* is the Ingress at fault. It is *held*: something else is served in its place.
Where nginx's message leads to none, each Ingress that may be at fault is a *suspect*,
*suspended* until its *trial*: an attempt in which nothing is new but the suspects on
trial. One that nginx accepts acquits them, one that it refuses convicts.

Knows every other room of the generator, and of the reloader the volume's contract. Knows
nothing of how an apiserver is reached.
"""
