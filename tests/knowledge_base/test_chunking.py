from knowledge_base.chunking import CHUNK_CHARS, chunks_of


class ChunksOfTests:
    def test_keep_the_exact_place_of_every_line(self):
        chunks = chunks_of({"title": "t", "symptoms": ["a", "b"], "solutions": [{"text": "s", "command": "PING"}]})

        places = [item.place for chunk in chunks for item in chunk.items]

        assert places == ["symptoms[0]", "symptoms[1]", "solutions[0]"]
        assert chunks[1].text == "s\nPING"

    def test_split_a_long_section_into_runs_of_like_size(self):
        lines = [f"line {n} " + "x" * 200 for n in range(30)]

        sizes = [len(chunk.text) for chunk in chunks_of({"symptoms": lines})]

        assert len(sizes) == 3 or len(sizes) == 4
        assert max(sizes) - min(sizes) < CHUNK_CHARS / 2

    def test_cut_an_endless_paragraph(self):
        chunks = chunks_of({"notes": "word " * 2_000})

        assert all(len(chunk.text) < 3 * CHUNK_CHARS for chunk in chunks)
        assert sum(chunk.text.count("word") for chunk in chunks) == 2_000

    def test_give_a_bare_title_one_chunk_so_that_it_can_be_found(self):
        (chunk,) = chunks_of({"title": "only this"})

        assert chunk.text == "only this"
