from __future__ import annotations

from knowledge_base.lifecycle.diffs import Kind, Span, diff_contents, diff_entries, diff_words
from knowledge_base.lifecycle.merging import merge


def marked(spans: tuple[Span, ...]) -> list[str]:
    return [span.text for span in spans if span.marked]


class WordTests:
    def test_marks_the_words_that_differ(self):
        before, after = diff_words("Raise maxmemory to 2gb", "Raise maxmemory to 4gb now")

        assert (marked(before), marked(after)) == (["2gb"], ["4gb now"])

    def test_marks_the_ending_of_a_korean_word_and_not_its_stem(self):
        before, after = diff_words("메모리를 80 % 아래로", "메모리가 80 % 아래로")

        assert (marked(before), marked(after)) == (["를"], ["가"])

    def test_both_sides_read_as_they_were_written(self):
        one, other = "슬롯을 옮긴 뒤 CLUSTER FIX", "슬롯을 옮기기 전에 CLUSTER CHECK"
        before, after = diff_words(one, other)

        assert "".join(span.text for span in before) == one
        assert "".join(span.text for span in after) == other


class EntryTests:
    def test_tells_changed_from_new_and_gone(self):
        rows = diff_entries(
            ["keep", "the server is slow at night", "gone entirely"], ["keep", "the server is slow at noon"]
        )

        assert [row.kind for row in rows] == [Kind.SAME, Kind.CHANGED, Kind.REMOVED]

    def test_leaves_out_what_stands_far_from_a_change(self):
        rows = diff_entries([str(n) for n in range(30)], [*(str(n) for n in range(30)), "new"])

        assert [row.kind for row in rows] == [Kind.GAP, Kind.SAME, Kind.ADDED]
        assert rows[0].left_out == 29

    def test_steps_read_as_text_with_their_command(self):
        old = {"solutions": [{"text": "Look.", "command": "INFO", "risk": "read-only"}]}
        new = {"solutions": [{"text": "Look.", "command": "INFO memory", "risk": "read-only"}]}

        (field,) = diff_contents(old, new)

        assert marked(field.rows[0].after) == [" memory"]
        assert "[read-only] Look." in field.rows[0].after[0].text

    def test_an_entry_that_differs_all_over_is_marked_as_a_whole(self):
        before, after = "a b " * 2_000 + "end", "c " + "b a " * 2_000 + "end"

        rows = diff_entries([before], [after])

        assert marked(rows[0].after)[0].startswith("c b a")
        assert len(rows[0].after) == 2


class MergeTests:
    def test_takes_over_what_only_the_other_changed(self):
        merged = merge(base={"a": 1, "b": 1}, theirs={"a": 2, "b": 1}, mine={"a": 1, "b": 3})

        assert (merged.content, merged.conflicts, merged.taken_over) == ({"a": 2, "b": 3}, (), ("a",))

    def test_the_same_change_twice_is_no_conflict(self):
        assert merge(base={"a": 1}, theirs={"a": 2}, mine={"a": 2}).conflicts == ()

    def test_keeps_mine_of_a_conflict(self):
        merged = merge(base={"a": 1}, theirs={"a": 2}, mine={"a": 3})

        assert (merged.content, merged.conflicts) == ({"a": 3}, ("a",))
