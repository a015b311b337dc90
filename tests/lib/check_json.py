"""check_json.py FILE [NAME=FILE]... EXPRESSION...

Each Python expression must be true. `d` is the document in FILE, `r` its first result, `rest`,
`ws` and `serial` that result's members; NAME is another document. With `print:EXPRESSION` a value
is printed instead. A failed comparison shows both of its sides.
"""
import ast
import json
import re
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def names_of(document):
    names = {"d": document, "r": {}, "rest": {}, "ws": {}, "serial": {}}
    results = document.get("results") if isinstance(document, dict) else None
    if results:
        names["r"] = results[0]
        names.update({key: results[0].get(key) for key in ("rest", "ws", "serial")})
    return names


def evaluate(node, names):
    return eval(compile(ast.Expression(node), "expression", "eval"), names)


def explain(text, names):
    tree = ast.parse(text, mode="eval").body
    sides = [tree.left, *tree.comparators] if isinstance(tree, ast.Compare) else []
    return "; ".join(f"{ast.unparse(side)} is {evaluate(side, names)!r}" for side in sides)


def check(text, names):
    try:
        if evaluate(ast.parse(text.strip(), mode="eval").body, names):
            return True
        print(f"not so: {text}\n    {explain(text.strip(), names)[:2000]}")
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        print(f"not so: {text}\n    {type(error).__name__}: {error}")
    return False


def main():
    names = names_of(load(sys.argv[1]))
    good = True
    for argument in sys.argv[2:]:
        other = re.fullmatch(r"([a-z_]+)=([^=].*)", argument)
        if other:
            names[other[1]] = load(other[2])
        elif argument.startswith("print:"):
            print(evaluate(ast.parse(argument[6:], mode="eval").body, names))
        else:
            good = check(argument, names) and good
    sys.exit(0 if good else 1)


main()
