"""The declarations that an IR stands for, each in its place in the JSON.

So `check` reports the same for an IR as for a text: each rule is written once, with one code and one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spacelang import ast, ir
from spacelang.ast.loader import Program
from spacelang.ast.read.sections import in_domain
from spacelang.ir.operators import OPERATORS, Part
from spacelang.language.schema import SECTIONS, SPACE, STAGE, Property, named
from spacelang.report.diagnostics import Report
from spacelang.report.source import Span
from spacelang.verify.places import Places


def declared(space: ir.SearchSpace, places: Places, report: Report) -> Program:
    """The program of a space. Reports what reading a text would refuse in a section."""
    return _Declaring(space, places, report).program()


class _Declaring:
    def __init__(self, space: ir.SearchSpace, places: Places, report: Report) -> None:
        self.space, self.at, self.report = space, places.span, report

    def program(self) -> Program:
        space, root = self.space, self.at("")
        blocks = tuple(self._block(each, f"blocks[{at}]") for at, each in enumerate(space.blocks))
        device = ast.Device(
            self._name(space.device.name, "device.name"), self._entries("device", space.device, SECTIONS["device"]),
            self.at("device"),
        )  # fmt: skip
        module = ast.Module(root.source, None, (), blocks, (device,), (self._space(),))
        return Program(module, (module,), {root.source.name: ()}, complete=True)

    def _name(self, text: str, path: str) -> ast.Name:
        return ast.Name(text, self.at(path))

    def _number(self, value: ir.Number, path: str) -> ast.Number:
        return ast.Number(value, self.at(path))

    def _held(self, value: int, path: str, about: Property | None) -> ast.Number | None:
        """A number of a property that must be in its domain; None if it isn't, which is reported."""
        number = self._number(value, path)
        return number if about is not None and in_domain(number, about.name, about, self.report) else None

    # --- blocks ---

    def _block(self, block: ir.Block, path: str) -> ast.Block:
        parameters = (
            self._name(each.name, f"{path}.parameters[{at}].name") for at, each in enumerate(block.parameters)
        )
        body: list[ast.Let | ast.Operator | ast.Shortcut] = [
            self._step(each, f"{path}.steps[{at}]") for at, each in enumerate(block.steps)
        ]
        if block.shortcut.kind != "none":
            place, shortcut = f"{path}.shortcut", block.shortcut
            act = None if shortcut.act is None else self._name(shortcut.act, f"{place}.act")
            body.append(ast.Shortcut(self._name(shortcut.kind, f"{place}.kind"), act, self.at(place)))
        return ast.Block(self._name(block.name, f"{path}.name"), tuple(parameters), tuple(body), self.at(path))

    def _step(self, step: ir.BlockStep, path: str) -> ast.Let | ast.Operator:
        if isinstance(step, ir.Let):
            name, value = self._name(step.name, f"{path}.name"), self._expr(step.value, f"{path}.value")
            return ast.Let(name, value, self.at(path))
        entry = OPERATORS[step.kind]
        argument, out = (
            each and self._part(each, getattr(step, each.name), f"{path}.{each.name}")
            for each in (entry.argument, entry.out)
        )
        modifiers = {
            name: self._part(each, value, f"{path}.{name}")
            for name, each in entry.modifiers.items()
            if (value := getattr(step, name)) != each.default
        }
        kind = self._name(step.kind, f"{path}.kind")
        return ast.Operator(kind, argument, out, modifiers, self.at(path))  # type: ignore[arg-type]

    def _part(self, part: Part, value: object, path: str) -> ast.Modifier:
        if isinstance(value, ir.Compare):
            left, right = self._expr(value.left, f"{path}.left"), self._expr(value.right, f"{path}.right")
            return ast.Compare(value.op, left, right, self.at(path))
        if isinstance(value, ir.Num | ir.Ref | ir.Binary | ir.Call):
            return self._expr(value, path)
        if value == "layer" or isinstance(value, bool):
            return True
        return self._name(value, path) if isinstance(value, str) else ast.Number(value, self.at(path))  # type: ignore[arg-type]

    def _expr(self, expr: ir.Expr, path: str) -> ast.Expr:
        span = self.at(path)
        if isinstance(expr, ir.Num):
            return ast.Number(expr.value, span)
        if isinstance(expr, ir.Ref):
            return ast.Ref(expr.name, span)
        if isinstance(expr, ir.Binary):
            left, right = self._expr(expr.left, f"{path}.left"), self._expr(expr.right, f"{path}.right")
            return ast.Binary(expr.op, left, right, span)
        arguments = (self._expr(each, f"{path}.arguments[{at}]") for at, each in enumerate(expr.arguments))
        return ast.Call(self._name(expr.function, f"{path}.function"), tuple(arguments), span)

    # --- values ---

    def _values(
        self, values: Sequence[ir.Number], paths: Iterable[str], span: Span, per_layer: bool = False
    ) -> ast.Values:
        numbers = tuple(map(self._number, values, paths))
        return ast.Values("per_layer" if per_layer else "one" if len(numbers) == 1 else "set", numbers, None, span)

    def _list(self, values: Sequence[ir.Number], path: str) -> ast.Values:
        return self._values(values, (f"{path}[{at}]" for at in range(len(values))), self.at(path))

    def _choices(self, choices: ir.Choices, path: str) -> ast.Values:
        paths = (f"{path}.values[{at}]" for at in range(len(choices.values)))
        return self._values(choices.values, paths, self.at(path), choices.per_layer)

    def _widths(self, windows: Sequence[ir.Choices], path: str) -> ast.Widths:
        if len(windows) == 1:
            return ast.Widths(None, self._choices(windows[0], f"{path}[0]"), self.at(path))
        first = windows[0].values
        paths = [f"{path}[0].values[{at}]" for at in range(len(first))]
        paths += [f"{path}[{at}].values[{len(first) - 1}]" for at in range(1, len(windows))]
        values = self._values((*first, *(each.values[-1] for each in windows[1:])), paths, self.at(path))
        return ast.Widths(ast.Number(len(first), self.at(path)), values, self.at(path))

    # --- the space ---

    def _space(self) -> ast.Space:
        space = self.space
        return ast.Space(
            kind=space.kind,
            name=self._name(space.name, "name"),
            device=self._name(space.device.name, "device.name"),
            origin=None if space.origin is None else self._origin(space.origin),
            channels=self._held(space.channels, "channels", named(SPACE, "input")),
            resolution=self._list(space.resolutions, "resolutions"),
            classes=self._held(space.classes, "classes", named(SPACE, "classes")),
            blocks=(),
            stem=tuple(self._stage(each, "stem", f"stem[{at}]") for at, each in enumerate(space.stem)),
            stages=tuple(self._stage(each, "stage", f"stages[{at}]") for at, each in enumerate(space.stages)),
            head=tuple(self._head(each, f"head[{at}]") for at, each in enumerate(space.head)),
            targets=None if space.targets is None else self._targets(space.targets),
            sections=tuple(self._sections()),
            span=self.at(""),
        )

    def _origin(self, origin: ir.Origin) -> ast.Origin:
        sha256, encoding, checksum = (
            None if value is None else ast.Text(value, self.at(f"origin.{name}"))
            for name, value in ir.items(origin)
            if name not in ("kind", "name")
        )
        kind, name = self._name(origin.kind, "origin.kind"), self._name(origin.name, "origin.name")
        return ast.Origin(kind, name, sha256, encoding, checksum, self.at("origin"))

    def _targets(self, targets: ir.Targets) -> ast.Targets:
        span = self.at("targets")
        return ast.Targets(ast.Name("latency", span), self._list(targets.latency_ms, "targets.latency_ms"), None, span)

    def _stage(self, stage: ir.Stage, role: str, path: str) -> ast.Stage:
        uses = [self._use(each, f"{path}.candidates[{at}]") for at, each in enumerate(stage.candidates)]
        stem = role == "stem"
        return ast.Stage(
            role=role,  # type: ignore[arg-type]
            name=None if stem else self._name(stage.name, f"{path}.name"),
            block=uses[0].block if stem else None,
            depth=self._list(stage.depth, f"{path}.depth"),
            stride=self._held(stage.stride, f"{path}.stride", named(STAGE, "stride")),
            width=self._widths(stage.windows, f"{path}.windows"),
            uniform=tuple(self._name(each, f"{path}.uniform[{at}]") for at, each in enumerate(stage.uniform)),
            arguments=uses[0].arguments if stem else (),
            blocks=None if stem else tuple(uses),
            span=self.at(path),
        )

    def _use(self, candidate: ir.Candidate, path: str) -> ast.BlockUse:
        arguments = [
            self._argument(name, self._choices(each, f"{path}.numbers.{name}"), f"{path}.numbers.{name}")
            for name, each in candidate.numbers.items()
        ]
        arguments += [
            self._argument(name, self._name(each, f"{path}.acts.{name}"), f"{path}.acts.{name}")
            for name, each in candidate.acts.items()
        ]
        id, block = self._number(candidate.id, f"{path}.id"), self._name(candidate.block, f"{path}.block")
        return ast.BlockUse(id, block, tuple(arguments), self.at(path))

    def _argument(self, name: str, value: ast.Values | ast.Name, path: str) -> ast.Argument:
        return ast.Argument(self._name(name, path), value, self.at(path))

    def _head(self, step: ir.HeadStep, path: str) -> ast.Operator:
        argument: ast.Expr | ast.Name | None = None
        modifiers: dict[str, ast.Modifier] = {}
        out: ast.Expr | ast.Values | None = None
        if isinstance(step, ir.HeadConv):
            argument = self._number(step.kernel, f"{path}.kernel")
            modifiers = {name: True for name, value in (("norm", not step.norm), ("bias", step.bias)) if value}
            modifiers |= {} if step.act is None else {"act": self._name(step.act, f"{path}.act")}
        elif isinstance(step, ir.HeadDropout):
            argument = self._number(step.rate, f"{path}.rate")
        elif isinstance(step, ir.HeadActivation):
            argument = self._name(step.act, f"{path}.act")
        if isinstance(step, ir.HeadConv | ir.HeadLinear):
            chosen = isinstance(step.out, ir.Choices)
            out = (self._choices if chosen else self._expr)(step.out, f"{path}.out")  # type: ignore[arg-type]
        return ast.Operator(self._name(step.kind, f"{path}.kind"), argument, out, modifiers, self.at(path))

    # --- settings ---

    def _sections(self) -> Iterable[ast.Section]:
        for name in SECTIONS:
            section: ir.Node | None = None if name == "device" else getattr(self.space, name)
            if section is not None:
                entries = self._entries(name, section, SECTIONS[name])
                yield ast.Section(self._name(name, name), entries, self.at(name))

    def _entries(self, path: str, section: ir.Node, properties: Iterable[Property]) -> tuple[ast.Entry, ...]:
        found = (self._entry(path, section, each) for each in properties)
        return tuple(each for each in found if each is not None)

    def _entry(self, path: str, section: ir.Node, about: Property) -> ast.Entry | None:
        value, place = getattr(section, about.key), f"{path}.{about.key}"
        if value is None:
            return None
        name = self._name(about.name, place)
        if isinstance(value, ir.Node):
            return ast.Entry(name, (), self._entries(place, value, about.group), name.span)
        if isinstance(value, str):
            return ast.Entry(name, (self._name(value, place),), self._entries(path, section, about.group), name.span)
        number = self._number(value, place)
        rule = (name, name) if about.kind == "widths rule" else ()
        fine = in_domain(number, about.name, about, self.report)
        return ast.Entry(name, (*rule, number), None, name.span) if fine else None
