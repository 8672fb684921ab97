"""The canonical layout."""

from __future__ import annotations

from textwrap import dedent

import pytest

from spacelang.syntax.format import format_file
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


def test_a_comment_in_a_list_breaks_the_group_around_it() -> None:
    assert formatted("a { b [1 # c\n] }") == "a {\n  # c\n  b [1]\n}\n"


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


def test_what_stands_on_one_line_stays_there() -> None:
    widths = ", ".join(["1024"] * 60)
    line = f"stage s mbv2 {{ depth 60, width [{widths}], kernel {{{widths}}}, act relu }}"
    assert formatted(f"space a on b {{ {line} }}") == f"space a on b {{ {line} }}\n"
    assert formatted(f"head {{ conv 1 -> {'x' * 200}, act relu }}") == f"head {{ conv 1 -> {'x' * 200}, act relu }}\n"


def test_long_lines_are_aligned_like_others() -> None:
    long = ", ".join(["1024"] * 60)
    assert formatted(f"a {{\nwidth [{long}]\nact x\n}}") == f"a {{\n  width [{long}]\n  act   x\n}}\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_become_newlines(line_end: str) -> None:
    assert formatted(f"a {{{line_end}b # c{line_end}}}{line_end}") == "a {\n  b  # c\n}\n"
