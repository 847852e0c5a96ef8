"""How many threads matrix products take. Small ones lose by many: on a busy machine up to ten times (measured)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bounded_threads(count: int) -> Iterator[None]:
    """At most so many threads for numpy's and torch's products here, as before afterwards; 0 changes nothing.

    An environment variable would come too late: the libraries read it when they are loaded.
    """
    if not count:
        yield
        return
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    if torch is not None:
        torch.set_num_threads(count)
    try:
        with threadpool_limits(limits=count):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
