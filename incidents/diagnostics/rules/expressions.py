"""The small language of conditions in the catalogue: Python's operators over INFO fields, nothing else.

`used_memory / maxmemory >= t.high and maxmemory_policy == "noeviction"`. A bare name is an INFO field; a name that the
evidence lacks raises MissingField. Functions: see `_FUNCTIONS` and the ones that the view brings along.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from incidents.diagnostics.fields import MissingField

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "abs": abs}


class Scope(Protocol):
    """Where names and functions of an expression come from."""

    def value_of(self, name: str) -> Any: ...

    def functions(self) -> Mapping[str, Callable[..., Any]]: ...


class BadExpression(ValueError):
    """An expression in the catalogue that uses more than the language has."""


@lru_cache(maxsize=2048)
def parse(source: str) -> ast.expr:
    try:
        return ast.parse(source.strip(), mode="eval").body
    except SyntaxError as exc:
        raise BadExpression(f"{source!r}: {exc.msg}") from exc


def evaluate(source: str, scope: Scope, thresholds: Mapping[str, float]) -> Any:
    """Work out an expression. Raises MissingField when it needs something that was not pasted."""
    return _Evaluator(scope, thresholds).of(parse(source))


def names_in(source: str) -> set[str]:
    """INFO fields that an expression reads, for the generated catalogue page and the schema test."""
    called = {
        node.func.id
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return {node.id for node in ast.walk(parse(source)) if isinstance(node, ast.Name)} - called - {"t"}


class _Evaluator:
    def __init__(self, scope: Scope, thresholds: Mapping[str, float]) -> None:
        self.scope = scope
        self.thresholds = thresholds

    def of(self, node: ast.expr) -> Any:
        visit = getattr(self, f"_{type(node).__name__.lower()}", None)
        if visit is None:
            raise BadExpression(f"{type(node).__name__} is not part of the language.")
        return visit(node)

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return self.scope.value_of(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        if not (isinstance(node.value, ast.Name) and node.value.id == "t"):
            raise BadExpression("only thresholds have a dot: t.medium")
        return self.thresholds[node.attr]

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.of(item) for item in node.elts)

    def _boolop(self, node: ast.BoolOp) -> bool:
        if isinstance(node.op, ast.And):
            return all(self.of(value) for value in node.values)
        return any(self.of(value) for value in node.values)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.of(node.operand)
        return (not value) if isinstance(node.op, ast.Not) else -value

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.of(node.left), self.of(node.right)
        if isinstance(left, str) or isinstance(right, str):
            raise MissingField(ast.unparse(node))  # a number was expected and the paste holds a word
        if isinstance(node.op, ast.Div):
            return left / right if right else 0.0  # a ratio to nothing is no ratio; rules guard with `> 0`
        function = _BINARY.get(type(node.op))
        if function is None:
            raise BadExpression(f"{type(node.op).__name__} is not part of the language.")
        return function(left, right)

    def _compare(self, node: ast.Compare) -> bool:
        left = self.of(node.left)
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.of(comparator)
            try:
                if not _COMPARE[type(op)](left, right):
                    return False
            except TypeError:  # a number was expected and the paste holds a word
                raise MissingField(ast.unparse(node)) from None
            left = right
        return True

    def _call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise BadExpression("only plain functions are part of the language.")
        name = node.func.id
        functions = {**_FUNCTIONS, **self.scope.functions()}
        if name not in functions:
            raise BadExpression(f"there is no function {name}().")
        try:
            return functions[name](*[self.of(argument) for argument in node.args])
        except TypeError:
            raise MissingField(ast.unparse(node)) from None
