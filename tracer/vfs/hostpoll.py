"""Which descriptors of the host are ready, and waiting for them."""
from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class HasDescriptor(Protocol):
        """A socket or file."""

        def fileno(self) -> int:
            """Its descriptor."""

    Descriptors = Iterable[int | HasDescriptor]

_LONGEST = 1 << 30      # milliseconds


def number(each: int | HasDescriptor) -> int:
    """The descriptor's number."""
    return each if isinstance(each, int) else each.fileno()


def ready(reading: Descriptors, writing: Descriptors = (), urgent: Descriptors = (),
          timeout: float | None = 0) -> set[int]:
    """The numbers of those that can be read from (data, an end or an error), written to, or have
    urgent data.

    Waits for one of them for ``timeout`` seconds, None for ever.  OSError or ValueError for what
    is no descriptor, where poll(2) does not just call it ready.
    """
    if not hasattr(select, "poll"):         # Windows
        return set().union(*select.select(
            [*map(number, reading)], [*map(number, writing)], [*map(number, urgent)], timeout))
    events: dict[int, int] = {}             # select(2) takes no descriptor above 1023
    for wanted, event in ((reading, select.POLLIN), (writing, select.POLLOUT),
                          (urgent, select.POLLPRI)):
        for each in map(number, wanted):
            events[each] = events.get(each, 0) | event
    poller = select.poll()
    for each, mask in events.items():
        poller.register(each, mask)
    return {each for each, _ in poller.poll(
        None if timeout is None else min(timeout * 1000, _LONGEST))}
