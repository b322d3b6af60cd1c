"""What a reader of a document sends."""

from __future__ import annotations

from django import forms

WITHDRAW = "withdraw"


class FeedbackForm(forms.Form):
    verdict = forms.ChoiceField(choices=[("helped", ""), ("wrong", ""), (WITHDRAW, "")])
    why = forms.CharField(required=False, max_length=500)
