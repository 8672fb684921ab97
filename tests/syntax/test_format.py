"""The canonical layout."""

from __future__ import annotations

from textwrap import dedent

import pytest

from spacelang.format import COLUMNS, format_file
from tests.syntax.trees import comments, parsed, said


def formatted(text: str) -> str:
    """A text in its canonical layout, of which is checked that it says the same and stays as it is."""
    tree = parsed(text)
    result = format_file(tree)
    again = parsed(result)
    assert said(again) == said(tree)
    assert sorted(comments(again)) == sorted(comments(tree))
    assert format_file(again) == result
    return result


def test_spaces() -> None:
    assert formatted("language   1") == "language 1\n"
    assert formatted("a { b  = f( x,y )*( 2+z )  -> 3 .. 5 ,}") == "a { b = f(x, y) * (2 + z) -> 3..5 }\n"
    assert formatted("a [ 1,2, ] 08".replace("08", "8")) == "a [1, 2] 8\n"


def test_values_and_spellings_stay() -> None:
    text = 'a 1.0 1e-5 2.50 "b \\"c\\" \\\\ # d" x_1\n'
    assert formatted(text) == text


def test_sets_are_tight_and_bodies_are_not() -> None:
    assert formatted("a { 3,5 , 7 }") == "a {3, 5, 7}\n"
    assert formatted("a {2..4}\nb {relu,swish}") == "a {2..4}\nb {relu, swish}\n"
    assert formatted("a {b 3}") == "a { b 3 }\n"
    assert formatted("a {b {3, 5}}") == "a { b {3, 5} }\n"
    assert formatted("a { }\nb {\n\n}") == "a {}\nb {}\n"


def test_a_pipeline_is_never_a_set() -> None:
    assert formatted("head {pool}") == "head { pool }\n"


def test_a_word_stays_apart_from_a_parenthesis() -> None:
    assert formatted("repeat  (kernel-1)div 2") == "repeat (kernel - 1) div 2\n"


def test_groups_stay_on_as_many_lines_as_they_were() -> None:
    assert formatted("a {\nb 1, c 2\n}") == "a {\n  b 1, c 2\n}\n"
    assert formatted("a {b 1\n}") == "a {\n  b 1\n}\n"
    assert formatted("a { b {\n3 } }") == "a {\n  b {\n    3\n  }\n}\n"
    assert formatted("a [\n1,\n2]") == "a [1, 2]\n"


def test_blank_lines() -> None:
    text = "\n\n# a\n\n\n# b\nc {\n\n  d\n\n\n  e\n  # f\n\n  # g\n\n}\n\n\n\n# h\n\n"
    assert formatted(text) == "# a\n\n# b\nc {\n  d\n\n  e\n  # f\n\n  # g\n}\n\n# h\n"


def test_comments() -> None:
    text = """\
      #one
    a   1# two
    b { # three
      c [1,   # four
         2] # five
          # six
    }# seven
    d { e
    # eight
    }
    """
    assert formatted(dedent(text)) == dedent("""\
        #one
        a 1  # two
        b {
          # three
          # four
          c [1, 2]  # five
          # six
        }  # seven
        d {
          e
          # eight
        }
        """)


def test_an_empty_file() -> None:
    assert formatted("") == ""
    assert formatted("\n\n") == ""
    assert formatted("# a") == "# a\n"


def test_values_are_aligned() -> None:
    text = """\
        hyperspace a on b {
          input 3 channels
          resolution {160,176}
          classes 1000

          targets latency {8, 10} ms
          quality { estimator exact, top 20 }
          evolution { seed 0 }
          # apart
          distill { epochs 5 }
        }
        """
    assert formatted(dedent(text)) == dedent("""\
        hyperspace a on b {
          input      3 channels
          resolution {160, 176}
          classes    1000

          targets latency {8, 10} ms
          quality   { estimator exact, top 20 }
          evolution { seed 0 }
          # apart
          distill { epochs 5 }
        }
        """)


def test_lists_of_blocks_and_stages_are_tables() -> None:
    text = """\
        space a on b {
          blocks {
            0 = mbv1 { kernel {3, 5}, act relu }
            10 = residual_bottleneck { kernel 3 }
          }
          stem conv { depth 1 }
          stem residual_bottleneck { depth 1..2 }
          stage stage1 { depth 2 }
          stage late { depth 3 }
          stage stage2 mbv2 { depth 2 }
          stage stage3 fused_mb { depth 2 }
        }
        """
    assert formatted(dedent(text)) == dedent("""\
        space a on b {
          blocks {
            0 = mbv1                  { kernel {3, 5}, act relu }
            10 = residual_bottleneck  { kernel 3 }
          }
          stem  conv                 { depth 1 }
          stem  residual_bottleneck  { depth 1..2 }
          stage stage1  { depth 2 }
          stage late    { depth 3 }
          stage stage2  mbv2      { depth 2 }
          stage stage3  fused_mb  { depth 2 }
        }
        """)


def test_pipelines_and_the_top_of_a_file_are_not_aligned() -> None:
    text = dedent("""\
        language 1
        import "a"
        block conv(kernel, act) {
          hidden = round8(in * 6)
          conv kernel -> out, stride, act
          shortcut project
        }
        head {
          pool
          dropout 0.2
          linear -> classes
        }
        """)
    assert formatted(text) == text


def test_a_long_body_gets_a_line_for_each_phrase() -> None:
    widths = ", ".join(["1024"] * 8)
    body = f"depth 8, width [{widths}], kernel [{widths}], uniform {{x}}, act relu"
    assert formatted(f"space a on b {{\nstage s mbv2 {{ {body} }} # c\n}}") == dedent(f"""\
        space a on b {{
          stage s mbv2 {{
            depth   8
            width   [{widths}]
            kernel  [{widths}]
            uniform {{x}}
            act     relu
          }}  # c
        }}
        """)


def test_long_sets_and_lists_are_filled() -> None:
    numbers = [str(each) for each in range(1000, 1060)]
    for opening, closing in ("{}", "[]"):
        rows = formatted(f"a {opening}{', '.join(numbers)}{closing}").splitlines()
        assert (rows[0], rows[-1], len(rows)) == (f"a {opening}", closing, 6)
        assert all(len(row) <= COLUMNS for row in rows)
        assert [each.strip() for row in rows[1:-1] for each in row.rstrip(",").split(",")] == numbers


def test_in_a_pipeline_phrases_stay_with_their_operator() -> None:
    name = "x" * 50
    line = f"conv 1 -> {name}, act {name}, norm none"
    assert formatted(f"head {{ {line} }}") == f"head {{\n  {line}\n}}\n"
    assert formatted(f"block b() {{ {line} }}") == f"block b() {{\n  {line}\n}}\n"


def test_the_origin_of_a_space_stays_on_its_line() -> None:
    line = f'from hyperspace a, sha256 "{"0" * 64}", encoding "{"1" * 40}"'
    assert formatted(f"space a on b {{ {line} }}") == f"space a on b {{\n  {line}\n}}\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_become_newlines(line_end: str) -> None:
    assert formatted(f"a {{{line_end}b # c{line_end}}}{line_end}") == "a {\n  b  # c\n}\n"
