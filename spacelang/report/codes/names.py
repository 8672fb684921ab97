"""Codes of names and imports."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0201",
        "an unknown block",
        "No file of the program declares a block of this name. The library's blocks are there after "
        '`import "std/blocks.space"`; others are declared in the file itself or in one that it imports.',
        "stage one mbv4 { depth 1..2, stride 2, width 32, kernel 3, expand 4, act relu }",
        "stage one mbv3 { depth 1..2, stride 2, width 32, kernel 3, expand 4, act relu }",
    ),
    Code(
        "SP0202",
        "an unknown device",
        "After `on` comes the name of a device that is declared in this file or in one that it imports. The device "
        "says, among other things, which number every width must be a multiple of.",
        "space s on pixel5 {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 1, stride 2, width 32, kernel 3, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
        "space s on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 1, stride 2, width 32, kernel 3, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
    ),
    Code(
        "SP0203",
        "an unknown name in an expression",
        "A block's body can use `in`, `out` and `stride` of the layer, the block's parameters, and the names that "
        "earlier lines bind. A head can use `in` (the channels that the operator receives) and `classes`.",
        "block b(kernel, act) {\n  hidden = round8(in * 4)\n  conv 1 -> hiden, act\n  conv kernel -> out, stride\n}",
        "block b(kernel, act) {\n  hidden = round8(in * 4)\n  conv 1 -> hidden, act\n  conv kernel -> out, stride\n}",
    ),
    Code(
        "SP0204",
        "an unknown function",
        "The functions are `round8`, `min` and `max`. A name with a parenthesis directly after it is a call: in "
        "`repeat (kernel - 1) div 2` the space matters.",
        "block b(kernel, act) {\n  conv kernel -> round(out), stride, act\n  conv 1 -> out\n}",
        "block b(kernel, act) {\n  conv kernel -> round8(out), stride, act\n  conv 1 -> out\n}",
    ),
    Code(
        "SP0205",
        "an unknown activation",
        "The activations are relu, relu6, hswish, swish, sigmoid and hsigmoid. In a block, `act` alone stands for the "
        "parameter of that name; a head has no parameters.",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3, act rleu }",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3, act relu }",
    ),
    Code(
        "SP0206",
        "declared twice",
        "Two blocks, two devices or two spaces of the program share a name; imported files count too.",
        'import "std/blocks.space"\nblock mbv2(kernel) {\n  conv kernel -> out, stride\n}',
        'import "std/blocks.space"\nblock my_mbv2(kernel) {\n  conv kernel -> out, stride\n}',
    ),
    Code(
        "SP0207",
        "a name that is taken",
        "A parameter or a bound name has the same name as another one, as something that the layer gives (`in`, "
        "`out`, `stride`), or as a function. A parameter can't be called like a property of stages either, because "
        "its argument couldn't be told from the property.",
        "block b(kernel, act) {\n  out = in * 4\n  conv kernel -> out, stride, act\n}",
        "block b(kernel, act) {\n  wide = in * 4\n  conv kernel -> wide, stride, act\n  conv 1 -> out\n}",
    ),
    Code(
        "SP0208",
        "a parameter that is never used",
        "Every use of the block would have to give an argument that changes nothing, and a search would try values "
        "that all give the same network.",
        "block b(kernel, act) {\n  conv 3 -> out, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0209",
        "a bound name that is never used",
        "The line has no effect. Often the name is misspelt where it should be used.",
        "block b(kernel, act) {\n  hidden = round8(in * 4)\n  conv kernel -> out, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0210",
        "a declaration that is never used",
        "A warning: the file declares spaces, but none of them uses this block or device. A file of blocks and "
        "devices alone is a library and gets no warning.",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}\nclasses 10",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}\n"
        "stage one b { depth 1..2, stride 2, width 32, kernel 3, act relu }",
    ),
    Code(
        "SP0211",
        "an import that is never used",
        "A warning: the file declares spaces, but none of them uses a block or a device of this file or of those "
        "that it imports.",
        'import "std/blocks.space"\nblock b(act) {\n  conv 3 -> out, stride, act\n}\n'
        "blocks { 0 = b { act relu } }\nstem b { depth 1, stride 2, width 16, act relu }",
        "block b(act) {\n  conv 3 -> out, stride, act\n}\n"
        "blocks { 0 = b { act relu }, 1 = mbv1 { kernel 3, act relu } }\n"
        "stem b { depth 1, stride 2, width 16, act relu }",
    ),
    Code(
        "SP0212",
        "no such file",
        "Imports are relative to the folder of the file that they stand in; `std/…` is the library that comes with "
        "spacelang.",
        'import "std/block.space"',
        'import "std/blocks.space"',
    ),
    Code(
        "SP0213",
        "imports in a circle",
        "A file imports itself, directly or through others; the message shows the circle. Move what both need into a "
        "file that imports neither.",
    ),
    Code(
        "SP0214",
        "a file that can't be read",
        "The path names a folder, a device or a pipe, the file may not be read by this user, or it is not UTF-8.",
        'import "."',
        'import "std/blocks.space"',
    ),
    Code(
        "SP0215",
        "a file that is too large",
        "A `.space` text may be up to 1 MiB long: another file was probably named by mistake.",
    ),
    Code(
        "SP0216",
        "an import without a relative path",
        "An absolute path names a place on one machine and can't be read on another, so imports are relative to the "
        "folder of the file that they stand in. They may climb with `..`.",
        'import "/blocks.space"',
        'import "std/blocks.space"',
    ),
    Code(
        "SP0217",
        "imported twice",
        "A warning: the second line has no effect.",
        'import "std/blocks.space"\nimport "std/blocks.space"',
        'import "std/blocks.space"',
    ),
    Code(
        "SP0218",
        "two stages with one name",
        "Tables, generated classes and messages refer to stages by name, so each needs a name of its own.",
        "stage one { depth 1..2, stride 2, width 32 }\nstage one { depth 1..2, stride 2, width 64 }",
        "stage one { depth 1..2, stride 2, width 32 }\nstage two { depth 1..2, stride 2, width 64 }",
    ),
    Code(
        "SP0219",
        "a wrong number of arguments",
        "`round8` takes one argument; `min` and `max` take two or more.",
        "block b(kernel, act) {\n  conv kernel -> min(out), stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> min(out, 512), stride, act\n  conv 1 -> out\n}",
    ),
)
