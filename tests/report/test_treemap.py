"""Folders become tiles: each as large as its share, none over another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies import quick

from cudafix.report.figures import Group, Tally
from cudafix.report.treemap import MOST, Box, Tile, squarified, tiles

NAMES = st.lists(st.sampled_from("abcd"), min_size=0, max_size=4).map("/".join)


def folders(counts: dict[str, int]) -> list[Group]:
    """Return the groups of a tree: `counts` are the findings that lie in a folder itself."""
    names = {".", *("/".join(one.split("/")[:end]) for one in counts if one for end in range(1, one.count("/") + 2))}
    return [Group(name, "", Tally(manual=below(name, counts))) for name in sorted(names)]


def below(name: str, counts: dict[str, int]) -> int:
    return sum(count for one, count in counts.items() if name == "." or one == name or one.startswith(f"{name}/"))


def overlap(one: Box, two: Box) -> float:
    width = min(one.left + one.width, two.left + two.width) - max(one.left, two.left)
    height = min(one.top + one.height, two.top + two.height) - max(one.top, two.top)
    return width * height if width > 1e-6 and height > 1e-6 else 0.0


def names_of(found: list[Tile]) -> list[str]:
    return sorted(f"{one.folder}/*" if one.is_rest else one.folder for one in found)


def test_nothing_has_no_tiles() -> None:
    assert tiles([]) == []


def test_one_folder_is_the_whole() -> None:
    (found,) = tiles(folders({"": 3}))
    assert (found.folder, found.box, found.tally.total) == (".", Box(0, 0, 100, 100), 3)


def test_what_lies_in_a_folder_beside_others_has_a_tile_of_its_own() -> None:
    found = tiles(folders({"a": 2, "a/b": 3, "": 1}))
    assert names_of(found) == ["./*", "a/*", "a/b"]


def test_two_equal_folders_are_two_equal_tiles() -> None:
    left, right = (one.box for one in tiles(folders({"a": 5, "b": 5})))
    assert (left.width * left.height, right.width * right.height) == (5000, 5000)


def test_folders_outside_of_the_repository_have_tiles_as_well() -> None:
    groups = [Group("/", "", Tally(safe=2)), Group("/x", "", Tally(safe=2)), Group("/x/y", "", Tally(safe=1))]
    assert names_of(tiles(groups)) == ["/x/*", "/x/y"]


@quick
@given(st.dictionaries(NAMES, st.integers(1, 500), min_size=1))
def test_the_tiles_cover_the_whole_by_their_shares_and_none_lies_over_another(counts: dict[str, int]) -> None:
    found = tiles(folders(counts))
    whole = sum(counts.values())
    assert sum(one.tally.total for one in found) == whole
    for one in found:
        assert abs(one.box.width * one.box.height / 10_000 - one.tally.total / whole) < 1e-6
    assert not any(overlap(one.box, two.box) for place, one in enumerate(found) for two in found[:place])


@quick
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=300))
def test_there_are_no_more_tiles_than_anybody_reads(sizes: list[int]) -> None:
    counts = {f"a{number // 9}/b{number}": size for number, size in enumerate(sizes)}
    assert len(tiles(folders(counts))) <= MOST + 40  # what lies beside the tiles of a folder is one of its own


def test_rows_are_closer_to_squares_than_slices_are() -> None:
    found = squarified([1] * 16, Box(0, 0, 100, 100))
    assert {(round(one.width), round(one.height)) for one in found} == {(25, 25)}
