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


def test_spaces_are_made_uniform() -> None:
    assert formatted("language   1") == "language 1\n"
    assert formatted("a { b  = f( x,y )*( 2+z )  -> 3 .. 5 ,}") == "a { b = f(x, y) * (2 + z) -> 3..5 }\n"
    assert formatted("a [ 1,2, ] 08".replace("08", "8")) == "a [1, 2] 8\n"


def test_values_and_spellings_stay() -> None:
    text = 'a 1.0 1e-5 2.50 "b \\"c\\" \\\\ # d" x_1\n'
    assert formatted(text) == text


def test_sets_are_tight_and_bodies_are_not() -> None:
    assert formatted("a { 3,5 , 7 }") == "a {3, 5, 7}\n"
    assert formatted("a {2..4}\nb {relu,swish}") == "a {2..4}\n\nb {relu, swish}\n"
    assert formatted("a {b 3}") == "a { b 3 }\n"
    assert formatted("a {b {3, 5}}") == "a { b {3, 5} }\n"
    assert formatted("a { }\nb {\n\n}") == "a {}\n\nb {}\n"


def test_spaces_blocks_and_heads_have_a_line_for_each_part() -> None:
    assert formatted("head {pool}") == "head {\n  pool\n}\n"
    assert formatted("block b(act) {conv 3 -> out, act}") == "block b(act) {\n  conv 3 -> out, act\n}\n"
    assert formatted("space s on d {classes 3}") == "space s on d {\n  classes 3\n}\n"


def test_a_word_stays_apart_from_a_parenthesis() -> None:
    assert formatted("repeat  (kernel-1)div 2") == "repeat (kernel - 1) div 2\n"


ONCE = "depth 2..4, stride 2, width {32, 48}, kernel {3, 5}, act relu"
MODELS = ", ".join(str(16 * index) for index in range(1, 41))


@pytest.mark.parametrize(
    "typed",
    [
        f"stage s {{ {ONCE} }}",
        f"stage s {{\n{ONCE}\n}}",
        "stage s {\ndepth 2..4\nstride 2,\n\nwidth {\n32\n48\n}, kernel {3\n5}\nact relu\n}",
    ],
)
def test_a_group_that_fits_stands_on_one_line_however_it_was_typed(typed: str) -> None:
    assert formatted(typed) == f"stage s {{ {ONCE} }}\n"


@pytest.mark.parametrize(
    "typed",
    [
        f"stage s {{ {ONCE}, expand {{1, 2, 3, 4}}, uniform width }}",
        f"stage s {{\n{ONCE}, expand {{1, 2, 3, 4}}\nuniform width }}",
    ],
)
def test_a_group_that_is_too_long_has_a_property_a_line(typed: str) -> None:
    assert formatted(typed) == dedent("""\
        stage s {
          depth   2..4
          stride  2
          width   {32, 48}
          kernel  {3, 5}
          act     relu
          expand  {1, 2, 3, 4}
          uniform width
        }
        """)


def test_the_hundredth_column_is_the_last() -> None:
    name = "x" * 96
    assert formatted(f"a {{\n{name}}}") == f"a {{{name}}}\n"
    assert formatted(f"a {{{name}y}}") == f"a {{\n  {name}y\n}}\n"


def test_long_sets_and_lists_are_filled() -> None:
    for opening, closing in ("{}", "[]"):
        result = formatted(f"stage s {{ width {opening}{MODELS}{closing}, act relu }}")
        lines = result.splitlines()
        assert lines[1:3] == [f"  width {opening}", f"    {', '.join(MODELS.split(', ')[:20])},"]
        assert lines[-3:] == [f"  {closing}", "  act relu", "}"]
        assert max(map(len, lines)) <= 100
    names = ", ".join(f"parameter{index}" for index in range(20))
    assert max(map(len, formatted(f"block b({names}) {{ pool }}").splitlines())) <= 100


def test_comments_break_groups_and_part_the_values_of_sets() -> None:
    assert formatted("a { b 1, c 2 # d\n}") == "a {\n  b 1\n  c 2  # d\n}\n"
    assert formatted("a {1, 2 # b\n3\n# c\n4}") == "a {\n  1, 2,  # b\n  3,\n  # c\n  4\n}\n"


def test_the_commas_of_from_stay_on_its_line() -> None:
    text = 'space s on d {\n  from hyperspace h, sha256 "a", encoding "b"\n  classes 3\n}\n'
    assert formatted(text) == text


def test_declarations_have_one_blank_line_between_them_and_imports_none() -> None:
    text = 'language 1\nimport "a"\n\nimport "b"\n\n# c\nimport "c"\ndevice d {}\ndevice e {}\n\n\n\ndevice f {}'
    assert formatted(text) == (
        'language 1\n\nimport "a"\nimport "b"\n\n# c\nimport "c"\n\ndevice d {}\n\ndevice e {}\n\ndevice f {}\n'
    )


def test_one_blank_line_is_kept_between_lines() -> None:
    text = "\n\n# a\n\n\n# b\nc {\n\n  d 1\n\n\n  e 2\n  # f\n\n  # g\n\n}\n\n\n\n# h\n\n"
    assert formatted(text) == "# a\n\n# b\nc {\n  d 1\n\n  e 2\n  # f\n\n  # g\n}\n\n# h\n"


def test_no_comment_is_lost() -> None:
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
          blocks { 0 = mbv1 { kernel {3, 5}, act relu }, 10 = residual_bottleneck { kernel 3 } }
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


def test_rows_that_would_get_too_long_are_not_aligned() -> None:
    long = "x" * 90
    assert formatted(f"space a on b {{\nwidth {long}\nact x\n}}") == (
        f"space a on b {{\n  width {long}\n  act   x\n}}\n"
    )
    assert formatted(f"space a on b {{\nw {long}\nactivation x\n}}") == (
        f"space a on b {{\n  w {long}\n  activation x\n}}\n"
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_become_newlines(line_end: str) -> None:
    assert formatted(f"a {{{line_end}b # c{line_end}}}{line_end}") == "a {\n  b  # c\n}\n"
