"""Alignment of two sequences of numbers: which elements stay in order.

Patience (elements that are unique in both parts are anchors) as long as the parts are small
enough, within and otherwise Myers' greedy algorithm (Algorithmica 1, 1986), which gives up after
some edits and goes on from the place it got farthest to, so that time stays near linear.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

Block = tuple[int, int, int]            # start in a, start in b, length

_PATIENCE = 200_000                     # elements of both parts together
_EDITS, _EDITS_LARGE = 400, 96          # after which Myers' algorithm gives up
_EDITS_LEAST = 16
_LONG = 10_000                          # elements of both parts from which on time matters more
_CHUNK = 64
_NOT = -2                               # a diagonal that was not reached


def align(a: Sequence[int], b: Sequence[int]) -> list[Block]:
    """The common runs of two sequences, in order."""
    n, m = len(a), len(b)
    start = _common(a, 0, n, b, 0, m)
    end = _common_end(a, start, n, b, start, m)
    blocks: list[Block] = [(0, 0, start)] if start else []
    if start < n - end and start < m - end:
        blocks += _middle(a, start, n - end, b, start, m - end)
    if end:
        blocks.append((n - end, m - end, end))
    return merged(blocks)


def _common(a: Sequence[int], i: int, n: int, b: Sequence[int], j: int, m: int) -> int:
    """Length of the common prefix of a[i:n] and b[j:m]."""
    most = min(n - i, m - j)
    if most <= 0 or a[i] != b[j]:
        return 0
    done, step = 1, _CHUNK
    while done < most:
        size = min(step, most - done)
        if a[i + done:i + done + size] == b[j + done:j + done + size]:
            done += size
            step = min(step * 4, 1 << 16)
        elif size == 1:
            break
        elif size <= 16:
            while a[i + done] == b[j + done]:
                done += 1
            break
        else:
            step = size // 4
            most = min(most, done + size)
    return done


def _common_end(a: Sequence[int], i: int, n: int, b: Sequence[int], j: int, m: int) -> int:
    """Length of the common suffix of a[i:n] and b[j:m]."""
    most = min(n - i, m - j)
    done, step = 0, _CHUNK
    while done < most:
        size = min(step, most - done)
        if a[n - done - size:n - done] == b[m - done - size:m - done]:
            done += size
            step = min(step * 4, 1 << 16)
        elif size == 1:
            break
        else:
            step = max(1, size // 4)
            most = min(most, done + size)
    return done


def merged(blocks: list[Block]) -> list[Block]:
    """Runs without gaps between them as one."""
    result: list[Block] = []
    for i, j, size in blocks:
        if result:
            pi, pj, before = result[-1]
            if pi + before == i and pj + before == j:
                result[-1] = (pi, pj, before + size)
                continue
        result.append((i, j, size))
    return result


def _middle(a: Sequence[int], i1: int, i2: int, b: Sequence[int], j1: int, j2: int
            ) -> list[Block]:
    """Aligns parts that begin and end with other elements."""
    return _common_only(a, i1, i2, b, j1, j2, lambda x, y: (
        _patience(x, 0, len(x), y, 0, len(y)) if len(x) + len(y) <= _PATIENCE
        else _myers(x, 0, len(x), y, 0, len(y), _EDITS_LARGE)))


def _common_only(a: Sequence[int], i1: int, i2: int, b: Sequence[int], j1: int, j2: int,
                 aligned: Callable[[list[int], list[int]], list[Block]]) -> list[Block]:
    """Aligns parts without the elements that the other part does not have."""
    ours, theirs = set(a[i1:i2]), set(b[j1:j2])
    if ours.isdisjoint(theirs):
        return []
    left = [i for i in range(i1, i2) if a[i] in theirs]
    right = [j for j in range(j1, j2) if b[j] in ours]
    del ours, theirs
    blocks: list[Block] = []
    for p, q, size in aligned([a[i] for i in left], [b[j] for j in right]):
        for k in range(size):
            blocks.append((left[p + k], right[q + k], 1))
    return merged(blocks)


def _patience(a: list[int], i1: int, i2: int, b: list[int], j1: int, j2: int) -> list[Block]:
    blocks: list[Block] = []
    parts = [(i1, i2, j1, j2)]
    while parts:
        i1, i2, j1, j2 = parts.pop()
        size = _common(a, i1, i2, b, j1, j2)
        if size:
            blocks.append((i1, j1, size))
            i1, j1 = i1 + size, j1 + size
        size = _common_end(a, i1, i2, b, j1, j2)
        if size:
            i2, j2 = i2 - size, j2 - size
            blocks.append((i2, j2, size))
        if i1 >= i2 or j1 >= j2:
            continue
        anchors = _anchors(a, i1, i2, b, j1, j2)
        if not anchors:
            blocks += _common_only(a, i1, i2, b, j1, j2, lambda x, y: _myers(
                x, 0, len(x), y, 0, len(y), _EDITS))
            continue
        for i, j in anchors:
            parts.append((i1, i, j1, j))
            blocks.append((i, j, 1))
            i1, j1 = i + 1, j + 1
        parts.append((i1, i2, j1, j2))
    return sorted(blocks)


def _anchors(a: list[int], i1: int, i2: int, b: list[int], j1: int, j2: int
             ) -> list[tuple[int, int]]:
    """The longest chain of elements that are unique in both parts."""
    places: dict[int, int] = {}
    for i in range(i1, i2):
        places[a[i]] = -1 if a[i] in places else i
    seen: dict[int, int] = {}
    for j in range(j1, j2):
        seen[b[j]] = -1 if b[j] in seen else j
    pairs = [(i, seen[key]) for key, i in places.items() if i >= 0 and seen.get(key, -1) >= 0]
    pairs.sort()
    tails: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for k, (_, j) in enumerate(pairs):
        at = bisect_left(tails, j)
        before.append(last[at - 1] if at else -1)
        if at == len(tails):
            tails.append(j)
            last.append(k)
        else:
            tails[at] = j
            last[at] = k
    chain = []
    k = last[-1] if last else -1
    while k >= 0:
        chain.append(pairs[k])
        k = before[k]
    return chain[::-1]


def _myers(a: list[int], i1: int, i2: int, b: list[int], j1: int, j2: int, edits: int
           ) -> list[Block]:
    blocks: list[Block] = []
    if i2 - i1 + j2 - j1 > _LONG:
        edits = min(edits, _EDITS_LARGE)
    most = edits
    while i1 < i2 and j1 < j2:
        found, i1, j1 = _greedy(a, i1, i2, b, j1, j2, edits)
        blocks += found
        # Where little is alike, less time is spent on looking for it.
        alike = sum([size for _, _, size in found]) > 2 * edits
        edits = min(most, edits * 2) if alike else max(_EDITS_LEAST, edits // 2)
    return blocks


def _greedy(a: list[int], i1: int, i2: int, b: list[int], j1: int, j2: int, edits: int
            ) -> tuple[list[Block], int, int]:
    """Common runs up to the end, or to where ``edits`` edits lead farthest; and that place."""
    n, m = i2 - i1, j2 - j1
    zero = edits + 1                    # the index of diagonal 0
    reach = [_NOT] * (2 * edits + 3)
    reach[zero + 1] = 0
    trace: list[list[int]] = []
    best, farthest, depth = (0, 0), 0, 0
    for d in range(edits + 1):
        trace.append(reach[zero - d - 1:zero + d + 2])
        low = -d if d <= m else -m + (d - m) % 2
        for k in range(low, min(d, n) + 1, 2):
            at = zero + k
            x, down = reach[at - 1], reach[at + 1]
            if k == -d or (k != d and x < down):
                x = down
            else:
                x += 1
            y = x - k
            if x < 0 or x > n or y < 0 or y > m:
                reach[at] = _NOT
                continue
            if x < n and y < m and a[i1 + x] == b[j1 + y]:
                size = _common(a, i1 + x, i2, b, j1 + y, j2)
                x += size
                y += size
            reach[at] = x
            if x + y > farthest:
                if x >= n and y >= m:
                    return _path(trace, x, y, i1, j1), i2, j2
                best, farthest, depth = (x, y), x + y, d
    x, y = best
    if not farthest:
        return [], i2, j2
    return _path(trace[:depth + 1], x, y, i1, j1), i1 + x, j1 + y


def _path(trace: list[list[int]], x: int, y: int, i1: int, j1: int) -> list[Block]:
    """The common runs on the way to a point, from what was reached before each edit."""
    blocks: list[Block] = []
    for d in range(len(trace) - 1, -1, -1):
        reach = trace[d]                # from diagonal -d - 1 on
        k = x - y
        if d == 0:
            if x:
                blocks.append((i1, j1, x))
            break
        before, down = reach[k + d], reach[k + d + 2]
        if k == -d or (k != d and before < down):
            before_k = k + 1
            before = start = down
        else:
            before_k = k - 1
            start = before + 1
        size = x - start
        if size:
            blocks.append((i1 + start, j1 + start - k, size))
        x = before
        y = x - before_k
    return blocks[::-1]
