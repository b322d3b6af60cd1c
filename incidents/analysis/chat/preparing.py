"""Read and mask the evidence in a thread of its own, while the rules' report is being stored and knowledge searched.

Between a diagnosis and the first word of a model everybody mostly waits for the database; masking 60 KB takes 100 ms.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import Future

from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.masking import Masking
from incidents.analysis.pipeline import RetrievedKnowledge
from incidents.analysis.report import AnalysisResult
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.redaction import Kind


class Preparation:
    """A brief on its way: its evidence is read, masked and chosen; the report and the knowledge come later."""

    def __init__(
        self, diagnosis: Diagnosis, base: AnalysisResult, *, masked: Collection[Kind], characters: int
    ) -> None:
        self._diagnosis, self._base, self._masked, self._characters = diagnosis, base, masked, characters
        self._begun: Future[Brief] = Future()
        # A daemon: Ctrl-C must not wait for it.
        threading.Thread(target=self._begin, daemon=True, name="brief").start()

    def _begin(self) -> None:
        try:
            brief = Brief.of(
                self._diagnosis, self._base, RetrievedKnowledge(), Masking(self._masked), characters=self._characters
            )
            brief.choose()
        except BaseException as failure:  # noqa: BLE001 - not handled here: handed to the thread that waits
            self._begun.set_exception(failure)
        else:
            self._begun.set_result(brief)

    def brief(self, base: AnalysisResult, knowledge: RetrievedKnowledge) -> Brief:
        """The brief with the report as it now is and the knowledge that was found."""
        return self._begun.result().completed(base, knowledge)
