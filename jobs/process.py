"""What a process of many threads tells the interpreter and the allocator, once, before the threads start."""

import contextlib
import ctypes
import gc
import sys

_TURN = 0.0005
_ARENA_MAX, _ARENAS = -8, 2
"""M_ARENA_MAX of glibc's malloc.h, and how many there may be."""
_MMAP_THRESHOLD, _LARGE = -3, 64 * 1024
"""M_MMAP_THRESHOLD of glibc's malloc.h, and from how many bytes on a block is given back when it is freed."""
_YOUNG = 10_000
"""How many more objects there are before the young ones are gone through for garbage; a page of records is as many."""


def prepare_for_threads() -> None:
    """Shortens the turns of threads, bounds what the allocator keeps apart for each, and spares what stands.

    At Python's own turn of 5 ms, whoever holds the store's one writer waits long and often in the midst of its
    transaction, and all other writers with it. And glibc keeps memory apart for as many as eight threads a core; a page
    of records that was worked on by each of them in turn then stays there in as many copies. Left to itself, it also
    takes blocks of megabytes, as payloads and answers are, from between the small ones, and keeps the holes. And what
    was built and imported by now stays: the collector, which stops all threads, need not go through it each time.
    """
    sys.setswitchinterval(_TURN)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
    with contextlib.suppress(OSError, AttributeError):  # another allocator than glibc's
        libc = ctypes.CDLL(None)
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)
