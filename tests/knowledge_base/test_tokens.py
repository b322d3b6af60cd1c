from concurrent.futures import ThreadPoolExecutor

from knowledge_base.korean import noun
from knowledge_base.tokens import language_of, stem, terms_of, words_of


def terms(text: str) -> list[str]:
    return list(terms_of(text))


class TermsOfTests:
    def test_stem_english_words_and_drop_those_that_say_nothing(self):
        assert terms("The replicas were evicting keys") == ["replica", "evict", "key"]

    def test_cut_korean_nouns_into_pairs_without_their_particle(self):
        assert terms("메모리가") == ["메모", "모리"]

    def test_keep_a_name_whole_and_in_parts(self):
        assert set(terms("used_memory_rss")) == {"memori", "rss", "usedmemoryrss"}

    def test_part_the_words_of_camel_case(self):
        assert "memori" in terms("OutOfMemoryError")

    def test_keep_numbers_that_name_something(self):
        assert terms("137 or 6379, not 5") == ["137", "6379"]

    def test_survive_garbage_and_blobs(self):
        assert terms("\x00\ud7a3 " + "a" * 5_000 + " ���") == ["힣"]


class StemTests:
    def test_is_the_same_when_threads_ask_at_once(self):
        words = [f"{letters}{end}" for letters in ("replicat", "evict", "expir", "connect", "configur") * 40
                 for end in ("ing", "ed", "ational", "ably", "iveness")]  # fmt: skip
        stem.cache_clear()
        alone = [stem(word) for word in words]

        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(stem.__wrapped__, words))

        assert together == alone


class WordsOfTests:
    def test_mark_stop_words_instead_of_dropping_them(self):
        assert [word.idle for word in words_of("not covered")] == [True, False]


class NounTests:
    def test_never_strips_a_word_down_to_one_syllable(self):
        assert noun("이가") == "이가"
        assert noun("레플리카에서는") == "레플리카"


class LanguageOfTests:
    def test_calls_a_korean_sentence_with_english_terms_korean(self):
        assert language_of("master_link_status 가 down 입니다 왜죠") == "ko"
        assert language_of("why is the replica down") == "en"
