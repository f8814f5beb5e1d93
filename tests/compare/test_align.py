"""Alignment of sequences."""
from __future__ import annotations

import random
from array import array

from tracer.compare.align import _myers, align


def longest(a: list[int], b: list[int]) -> int:
    """Length of the longest common subsequence, the slow and simple way."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1],
                                                                      table[i + 1][j])
    return table[-1][-1]


def edited(rng: random.Random) -> tuple[list[int], list[int]]:
    kinds = rng.choice([2, 3, 10, 50])
    a = [rng.randrange(kinds) for _ in range(rng.randrange(40))]
    b = a[:]
    for _ in range(rng.randrange(6)):
        if rng.random() < .5 and b:
            del b[rng.randrange(len(b))]
        else:
            b.insert(rng.randrange(len(b) + 1), rng.randrange(kinds))
    return a, b


def check(a: list[int], b: list[int], blocks: list[tuple[int, int, int]]) -> int:
    i = j = total = 0
    for x, y, size in blocks:
        assert x >= i and y >= j and size > 0
        assert a[x:x + size] == b[y:y + size]
        i, j, total = x + size, y + size, total + size
    assert i <= len(a) and j <= len(b)
    return total


def test_blocks_are_common_and_in_order() -> None:
    rng = random.Random(1)
    for _ in range(300):
        a, b = edited(rng)
        total = check(a, b, align(array("q", a), array("q", b)))
        assert total >= longest(a, b) * 3 // 4      # anchors may cost some


def test_myers_finds_the_longest_and_may_give_up() -> None:
    rng = random.Random(2)
    for _ in range(300):
        a, b = edited(rng)
        assert check(a, b, _myers(a, 0, len(a), b, 0, len(b), 400)) == longest(a, b)
        check(a, b, _myers(a, 0, len(a), b, 0, len(b), 2))


def test_long_sequences() -> None:
    rng = random.Random(3)
    a = [rng.randrange(20) for _ in range(150_000)]
    b = a[:]
    for at in (100, 5000, 70_000, 149_000):
        del b[at]
        b[at:at] = [999, 998]
    assert check(a, b, align(array("q", a), array("q", b))) == len(a) - 4
    assert check(a, [-1] * len(a), align(array("q", a), array("q", [-1] * len(a)))) == 0
