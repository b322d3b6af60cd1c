import pytest

from knowledge_base.passages import DocumentCard, Filters, chunk_key, document_of, version_fits

CARD = DocumentCard(
    "a", 1, "t", "runbook", "memory", "high", "en", tags=("oom",),
    applies_to={"products": ["redis"], "versions": ">=6.0,<8", "topologies": ["cluster"]},
)  # fmt: skip


class FiltersTests:
    def test_admit_everything_when_empty(self):
        assert Filters().admits(CARD)

    @pytest.mark.parametrize(
        "filters",
        [
            Filters(categories=("cluster",)),
            Filters(kinds=("case",)),
            Filters(languages=("ko",)),
            Filters(tags=("aof",)),
            Filters(product="valkey"),
            Filters(version="5.0.14"),
            Filters(topology="standalone"),
        ],
    )
    def test_refuse_what_does_not_fit(self, filters):
        assert not filters.admits(CARD)

    def test_admit_any_of_several_tags(self):
        assert Filters(tags=("aof", "oom"), version="7.2.4", topology="cluster", product="redis").admits(CARD)


class VersionFitsTests:
    @pytest.mark.parametrize(
        ("version", "ranges", "fits"),
        [
            ("7.0.15", ">=5.0", True),
            ("7.0.15", ">=7.2", False),
            ("7.2", ">=7.2.0", False),
            ("8.0.1", "<8", False),
            ("6.2.6", "==6.2", True),
            ("", ">=7", True),
            ("unknown", ">=7", True),
            ("7.0", "whatever", True),
        ],
    )
    def test_compares_as_far_as_the_bound_goes(self, version, ranges, fits):
        assert version_fits(version, ranges) is fits


class ChunkKeyTests:
    def test_gives_the_document_back(self):
        assert document_of(chunk_key("odd#id", 12)) == "odd#id"
