# SPDX-License-Identifier: MIT
"""python -m facteur options: what facteur.Mailer(…) takes, for those who have no docs folder."""

from __future__ import annotations

import sys
import textwrap

from ._core import options


def option_lines() -> str:
    lines = []
    for name, scope, kind, choices, default, meaning in options():
        given = f" (default {default})" if default else ""
        lines.append(f"{name}: {choices or kind}{given}; scope {scope}")
        lines += textwrap.wrap(" ".join(meaning.split()), 96, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    if arguments != ["options"]:
        print("usage: python -m facteur options", file=sys.stderr)
        return 64
    print(option_lines())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
