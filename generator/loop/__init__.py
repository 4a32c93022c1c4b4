"""The loop: a snapshot becomes a wish, its answer teaches, and the next wish follows.

`controller` drives it; what an answer teaches and what to do next is decided by pure
functions here, so that `pillion lint` can run the same decisions without a pair
(`dry_run`). Knows every other room of the generator, and of the reloader the volume's
contract. Knows nothing of how an apiserver is reached.
"""
