"""Exam: questions that agree about how many they are, and an identity made of every byte."""

import numpy as np
import pytest

from genbench.contracts.settings import declared
from genbench.contracts.task import Exam, Task
from genbench.errors import GenbenchError

A, B = np.arange(6, dtype=np.uint8).reshape(3, 2), np.arange(3)


def test_an_exam_counts_its_questions():
    assert Exam({"a": A, "b": B}, {"law": np.zeros(7)}).count == 3


@pytest.mark.parametrize("questions", [{}, {"a": A, "b": B[:2]}, {"a": A[:0]}, {"a": np.array(3)}])
def test_an_exam_without_questions_or_with_two_counts_is_refused(questions):
    with pytest.raises(ValueError, match="have one first axis, the question"):
        Exam(questions)


def test_the_identity_of_an_exam_is_made_of_names_shapes_types_bytes_and_of_what_is_the_key():
    exams = [
        Exam({"a": A, "b": B}),
        Exam({"a": A, "c": B}),
        Exam({"a": A + 1, "b": B}),
        Exam({"a": A.astype(np.int8), "b": B}),
        Exam({"a": A.reshape(3, 2, 1), "b": B}),
        Exam({"a": A}, {"b": B}),
    ]
    assert len({exam.sha256 for exam in exams}) == len(exams)
    assert Exam({"b": B, "a": A}).sha256 == exams[0].sha256
    assert Exam({"a": np.asfortranarray(A), "b": B}).sha256 == exams[0].sha256


class Plain(Task):
    """Takes no settings."""


class Spaced(Task):
    """Takes what only models get."""

    def __init__(self, space, *, frames: int = 3) -> None: ...


def test_a_task_declares_settings_as_a_model_does_but_is_told_no_space():
    assert declared(Plain, told=()) == []
    with pytest.raises(GenbenchError, match=r"Spaced: the constructor is __init__\(self, \*, settings…\)"):
        declared(Spaced, told=())
    assert [setting.name for setting in declared(Spaced)] == ["frames"]
