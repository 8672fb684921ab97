"""The class of a block: layers in `__init__`, the pipeline in `forward`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spacelang import ir
from spacelang.backends.supernet.expressions import Expressions, words
from spacelang.backends.supernet.extent import LAYER, Extent, Role
from spacelang.backends.supernet.layout import Code, Group, call, flat, keyword, lay_out, statement, tuple_of
from spacelang.ir.expressions import refs
from spacelang.ir.operators import OPERATORS, Part, expressions

SHORTCUTS = {
    "identity": "nn.IdentityShortcut",
    "project": "nn.ProjectShortcut",
    "avgpool_project": "nn.AvgPoolProjectShortcut",
}


@dataclass
class BlockClass:
    """What the template needs, and how a layer is made.

    Attributes:
        sizes: for each size that `__init__` takes, the roles whose largest value it is.
        kernels: for each choice of kernels that it takes, the roles whose values it holds.
        flags: the optional steps that some layers never have.
    """

    name: str
    block: ir.Block
    sizes: dict[str, list[Role]] = field(default_factory=dict)
    kernels: dict[str, list[Role]] = field(default_factory=dict)
    flags: dict[int, str] = field(default_factory=dict)
    acts: dict[str, str] = field(default_factory=dict)
    projects: bool = False
    strided: bool = False
    signature: list[str] = field(default_factory=list)
    init: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)

    def layer(self, found: Extent, stride: int, acts: Mapping[str, str]) -> Group:
        """The call that makes a layer for a position."""
        arguments: list[Code] = [
            keyword(word, str(max((max(found.values[role], default=0) for role in roles), default=0)))
            for word, roles in self.sizes.items()
        ]
        for word, roles in self.kernels.items():
            values = sorted(set().union(*(found.values[role] for role in roles)))
            arguments.append(keyword(word, tuple_of(tuple(map(str, values)))))
        if self.strided:
            arguments.append(f"stride={stride}")
        arguments += [f'{word}="{acts[name]}"' for name, word in self.acts.items()]
        arguments += [f"{flag}={at in found.present}" for at, flag in self.flags.items()]
        if self.projects:
            arguments.append(f"projects={found.projects}")
        return call(self.name, *arguments)


_ROLES = {role: at for at, role in enumerate(("stride", "count", "activation", "norm", "flag", "number", "condition"))}


def _order(part: Part) -> tuple[bool, bool, bool, int]:
    """The order of the parts as arguments: those passed by position, the kernel, stride and repetitions, the others."""
    kernel = part.rule is not None and part.rule.odd
    return not _positional(part), not kernel, part.role not in ("stride", "count"), _ROLES[part.role]


def _positional(part: Part) -> bool:
    return part.place != "modifier" and (part.rule is None or not part.rule.odd)


def block_class(name: str, block: ir.Block, extents: Sequence[Extent], whole: Iterable[str]) -> BlockClass:
    """The class of a block.

    Args:
        extents: those of all layers made from it; what is the same in all of them doesn't need an argument.
        whole: the parameters whose values are whole numbers everywhere.
    """
    made = BlockClass(name, block)
    writer = _Writer(made, extents, whole)
    writer.write()
    return made


class _Writer:
    def __init__(self, made: BlockClass, extents: Sequence[Extent], whole: Iterable[str]) -> None:
        self.made, self.block, self.extents = made, made.block, extents
        lets = [step.name for step in self.block.steps if isinstance(step, ir.Let)]
        own = words([*(each.name for each in self.block.parameters), *lets])
        self.words = {"in": "channels_in", "out": "width", "stride": "self.stride", **own}
        self.expressions = Expressions(self.words, {"in", "out", "stride", *whole})
        self.channels = {"channels_in"}
        """The words of `__init__` that the newest value may get its channels from."""
        self.value = "x"

    def write(self) -> None:
        referenced = {name for step in self.block.steps for name in _names(step)}
        for at, step in enumerate(self.block.steps):
            if not isinstance(step, ir.Let):
                self._operator(at, step, f"{step.kind}{self._number(at)}")
                continue
            if self.expressions.is_whole(step.value):
                self.expressions.whole.add(step.name)
            if step.name in referenced:
                value = self.expressions.python(step.value)
                self._forward(f"{self.words[step.name]} = {value}")
        self._shortcut()
        self._prologue()
        self._signature()

    def _number(self, at: int) -> int:
        return sum(not isinstance(step, ir.Let) for step in self.block.steps[: at + 1])

    def _forward(self, *lines: str, depth: int = 0) -> None:
        waiting = self.expressions.take_lines()
        self.made.forward += [*(" " * depth + line for line in waiting), *lines]

    # --- steps ---

    def _operator(self, at: int, step: ir.Step, name: str) -> None:
        flag = self._flag(at, step, name)
        depth = 4 if flag else 0
        init = statement(
            f"self.{name} = ", call(f"nn.{OPERATORS[step.kind].layer}", *self._made_of(at, step, name)), depth
        )
        residual = getattr(step, "residual", False)
        addition = f"add{self._number(at)}"
        if residual:
            init.append(f"{' ' * depth}self.{addition} = nn.Add()")
        self.made.init += [f"if {flag}:"] * bool(flag) + init
        depth = 0
        if step.when:
            if self.value == "x":
                self._forward("y = x")
                self.value = "y"
            self._forward(f"if {self.expressions.condition(step.when)}:")
            depth = 4
        result: Code = call(f"self.{name}", self.value, *self._chosen(step))
        if residual:
            result = call(f"self.{addition}", self.value, result)
        self._forward(*statement("y = ", result, depth), depth=depth)
        self.value = "y"
        self._follow(at, step, name)

    def _flag(self, at: int, step: ir.Step, name: str) -> str | None:
        """The argument that says whether a layer ever has this step, if that differs between layers."""
        if step.when is None or all(at in each.present for each in self.extents):
            return None
        self.made.flags[at] = f"has_{name}"
        return f"has_{name}"

    def _made_of(self, at: int, step: ir.Step, name: str) -> list[Code]:
        """The arguments of a layer's constructor."""
        entry = OPERATORS[step.kind]
        made: list[Code] = [self._incoming(at, name)] if entry.receives else []
        for part in sorted(entry.parts, key=_order):
            value = getattr(step, part.name)
            if value != part.default and part.name != "residual" and part.role != "condition":
                made.append(self._argument(at, part, value, name))
        return made

    def _argument(self, at: int, part: Part, value: Any, name: str) -> str:
        if part.rule is not None and not part.rule.odd:
            text = self._size(at, part.name, value, name)
        elif part.rule is not None:
            text = self._kernel(at, value, name)
        elif part.role == "stride":
            text = self._stride(value)
        else:
            text = self._act(value) if part.role == "activation" else repr(value)
        return text if _positional(part) else f"{part.name}={text}"

    def _chosen(self, step: ir.Step) -> list[Code]:
        """The arguments of a layer's call: what the architecture chooses."""
        made: list[Code] = []
        for part in sorted(OPERATORS[step.kind].parts, key=_order):
            value = getattr(step, part.name)
            if part.role == "count" and value is not None and (_positional(part) or not isinstance(value, ir.Num)):
                made.append(f"{part.name}=" * (part.place == "modifier") + self.expressions.count(value))
        return made

    def _follow(self, at: int, step: ir.Step, name: str) -> None:
        """What the next layer may receive."""
        given: ir.Expr | None = getattr(step, "out", None)
        if given is None:
            return
        out = self._size(at, "out", given, name)
        if step.when and not self._skips_only_the_same(step, given):
            self.channels = self.channels | {out}
        else:
            self.channels = {out}

    def _skips_only_the_same(self, step: ir.Step, given: ir.Expr) -> bool:
        """Whether the step is left out exactly where it would give as many channels as it receives."""
        if step.when is None or step.when.op != "!=" or len(self.channels) != 1:
            return False
        sides = [self.words.get(each.name) for each in (step.when.left, step.when.right) if isinstance(each, ir.Ref)]
        out = self.words.get(given.name) if isinstance(given, ir.Ref) else None
        return len(sides) == 2 and out in sides and self.channels < {*sides}

    # --- words of __init__ ---

    def _incoming(self, at: int, name: str) -> str:
        word = next(iter(self.channels)) if len(self.channels) == 1 else f"{name}_in"
        if not word.isdecimal():
            self.made.sizes.setdefault(word, []).append((at, "in"))
        return word

    def _size(self, at: int, role: str, expr: ir.Expr, name: str) -> str:
        if isinstance(expr, ir.Num):
            return str(int(expr.value))
        word = self.words[expr.name] if isinstance(expr, ir.Ref) and expr.name != "stride" else f"{name}_{role}"
        if word in self.made.kernels:
            word = f"{name}_{role}"
        roles = self.made.sizes.setdefault(word, [])
        if (at, role) not in roles:
            roles.append((at, role))
        return word

    def _kernel(self, at: int, expr: ir.Expr, name: str) -> str:
        if isinstance(expr, ir.Num):
            return str(int(expr.value))
        word = self.words[expr.name] if isinstance(expr, ir.Ref) and expr.name != "stride" else f"{name}_kernel"
        if word in self.made.sizes:
            word = f"{name}_kernel"
        self.made.kernels.setdefault(word, []).append((at, "kernel"))
        return word

    def _stride(self, stride: str | int) -> str:
        if stride != "layer":
            return str(stride)
        self.made.strided = True
        return "stride"

    def _act(self, act: str) -> str:
        if act not in self.words:
            return f'"{act}"'
        self.made.acts[act] = self.words[act]
        return self.words[act]

    # --- the ends ---

    def _shortcut(self) -> None:
        shortcut = self.block.shortcut
        if shortcut.kind == "none":
            self._return()
            return
        act = [f"act={self._act(shortcut.act)}"] if shortcut.act else []
        stride = f"stride={self._stride('layer')}"
        identity = call(SHORTCUTS["identity"], stride, *act)
        if shortcut.kind == "identity":
            self.made.init += statement("self.shortcut = ", identity)
        else:
            for word, role in (("channels_in", "in"), ("width", "out")):
                self.made.sizes.setdefault(word, []).append((LAYER, role))
            project = call(SHORTCUTS[shortcut.kind], "channels_in", "width", stride, *act)
            self._project(project, identity)
        self._forward(f"return self.shortcut(x, {self.value})")

    def _return(self) -> None:
        """The last value, returned directly if it was only just assigned."""
        last = max((at for at, line in enumerate(self.made.forward) if line.startswith(("y = ", "if "))), default=None)
        if last is None or not self.made.forward[last].startswith("y = "):
            self._forward(f"return {self.value}")
        else:
            self.made.forward[last] = "return " + self.made.forward[last].removeprefix("y = ")

    def _project(self, project: Group, identity: Group) -> None:
        """The projection, but the identity in layers whose shapes agree for every choice."""
        if all(each.projects for each in self.extents):
            self.made.init += statement("self.shortcut = ", project)
            return
        self.made.projects = True
        self.made.init += ["if projects:", *statement("self.shortcut = ", project, 4)]
        self.made.init += ["else:", *statement("self.shortcut = ", identity, 4)]

    def _prologue(self) -> None:
        """The layer's choices, as far as the body uses them."""
        used, numeric = self.expressions.used, self.block.numeric
        lines = []
        if used & {*numeric}:
            targets = [self.words[name] if name in used else f"_{self.words[name]}" for name in numeric]
            unpacked = flat(tuple_of((targets[0],))) if len(targets) == 1 else ", ".join(targets)
            lines.append(f"{unpacked} = layer.numbers")
        if "in" in used:
            lines.append("channels_in = x.shape[1]")
        if "out" in used:
            lines.append("width = layer.width")
        self.made.forward[:0] = lines
        if "stride" in used:
            self.made.strided = True
            self.made.init.insert(0, "self.stride = stride")

    def _signature(self) -> None:
        parameters = [
            *(f"{word}: int" for word in self.made.sizes),
            *(f"{word}: tuple[int, ...]" for word in self.made.kernels),
            *["stride: int"] * self.made.strided,
            *(f"{word}: str" for word in self.made.acts.values()),
            *(f"{flag}: bool" for flag in self.made.flags.values()),
            *["projects: bool"] * self.made.projects,
        ]
        signature = Group("def __init__(", ("self", *(("*", *parameters) if parameters else ())), ")")
        self.made.signature = lay_out(signature, 4, after=" -> None:")


def _names(step: ir.BlockStep) -> set[str]:
    """The names that a step's expressions mention."""
    return {name for expr in expressions(step) for name in refs(expr)}
