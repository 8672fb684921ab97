"""Commands that print spaces: show, cost, diff, encode, decode, sample, compile."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import spacelang
from tests.cli.conftest import SPECS, Cli

VNNI = SPECS / "vnni.space"
FOUND = SPECS / "spaceevo_vnni.space"
MODEL = SPECS / "seqnet_vnni_a0.space"


@pytest.mark.parametrize(
    ("spec", "spaces"), [("vnni", 240945152), ("vnni_released", 95551488), ("pixel4_released", 1185901920)]
)
def test_show_counts_spaces_exactly(cli: Cli, spec: str, spaces: int) -> None:
    code, out, err = cli("show", SPECS / f"{spec}.space", "--json")
    assert (code, err) == (0, "")
    shown = json.loads(out)
    assert (shown["format_version"], shown["spaces"], shown["models"]) == (1, spaces, None)


def test_show_prints_stages_in_the_words_of_the_language(cli: Cli) -> None:
    code, out, _ = cli("show", VNNI)
    assert code == 0
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "stage2 0..6 2..4 2 2 of 32..96 4 28" in rows
    assert "2 mbv3 kernel {3, 5, 7}, expand {4, 6, 8} hswish" in rows
    assert rows[-1] == "240945152 spaces"


def test_show_of_a_space_counts_models(cli: Cli) -> None:
    out = cli("show", FOUND).out
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "stage1 mbv2 2..4 2 {32, 48} kernel {3, 5, 7}, expand {4, 6, 8} relu6 111132" in rows
    shown = json.loads(cli("show", FOUND, "--json").out)
    assert (shown["spaces"], shown["models"]) == (1, spacelang.count_models(spacelang.load(FOUND)))
    assert rows[-1] == f"{shown['models']} models"


def test_cost_of_a_model_is_the_published_one(cli: Cli) -> None:
    code, out, _ = cli("cost", MODEL, "--json")
    (network,) = json.loads(out)["networks"]
    assert code == 0
    assert round(network["mflops"], 1) == 163.5
    assert sum(layer["macs"] for layer in network["layers"]) == network["macs"]
    total = next(line for line in cli("cost", MODEL).out.splitlines() if line.startswith(" total"))
    assert total.split()[1] == f"{network['mflops']:.4f}"


def test_cost_of_a_space_is_that_of_three_models(cli: Cli) -> None:
    networks = json.loads(cli("cost", FOUND, "--json", "--seed", "3").out)["networks"]
    assert [each["network"] for each in networks] == ["smallest", "largest", "sample of seed 3"]
    smallest, largest, drawn = (each["macs"] for each in networks)
    assert smallest < drawn < largest


def test_cost_of_a_hyperspace_lies_between_that_of_its_smallest_and_largest_model(cli: Cli) -> None:
    networks = json.loads(cli("cost", VNNI, "--json", "--seed", "3").out)["networks"]
    assert [each["network"] for each in networks] == ["smallest", "largest", "sample of seed 3"]
    smallest, largest, drawn = (each["macs"] for each in networks)
    assert smallest < drawn < largest


def test_a_space_is_not_decoded(cli: Cli) -> None:
    assert cli("decode", FOUND, "1-0").err.startswith(
        "error[SP1002]: spaceevo_vnni is a space\n = help: this command takes a hyperspace\n"
    )


def test_decode_and_encode_are_inverses(cli: Cli, tmp_path: Path) -> None:
    found = tmp_path / "found.space"
    assert cli("decode", VNNI, "151122_023231", "-o", found) == (0, "", "")
    code, encoding, _ = cli("encode", found)
    assert code == 0
    assert encoding == f"vnni@{spacelang.load(VNNI).short_hash}:151122-023231\n"
    assert cli("decode", VNNI, encoding.strip()).out == found.read_text()
    assert cli("fmt", "--check", found) == (0, "", "")
    assert cli("encode", "-", stdin=found.read_text()).out == encoding


def test_decode_writes_over_what_it_wrote_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    found = tmp_path / "found.space"
    assert cli("decode", VNNI, "151122-023231", "-o", found).code == 0
    assert cli("decode", VNNI, "151122-023230", "-o", found) == (0, "", "")
    edited = found.read_text().replace("targets", "# mine\n  targets")
    found.write_text(edited)
    code, _, err = cli("decode", VNNI, "151122-023231", "-o", found)
    assert code == 1
    assert f"error[SP1011]: {found} isn't as spacelang wrote it" in err
    assert found.read_text() == edited
    assert cli("decode", VNNI, "151122-023231", "-o", found, "--force") == (0, "", "")
    assert cli("decode", VNNI, "151122-023231", "-o", "-").out == found.read_text()
    assert not Path("-").exists()


def test_an_encoding_of_another_hyperspace_is_refused(cli: Cli) -> None:
    code, out, err = cli("decode", VNNI, "vnni@00000000:151122-023231")
    assert (code, out) == (1, "")
    assert "error[SP0604]" in err


def test_encode_needs_to_know_the_hyperspace(cli: Cli) -> None:
    code, _, err = cli("encode", SPECS / "mobilenetv3.space")
    assert code == 1
    assert "error[SP1003]: mobilenetv3 doesn't say which encoding it has in which hyperspace" in err


def test_sampled_models_can_be_read_back(cli: Cli, tmp_path: Path) -> None:
    models = tmp_path / "models.space"
    assert cli("sample", FOUND, "-n", "3", "--seed", "5", "-o", models) == (0, "", "")
    assert cli("check", models).code == 0
    assert cli("fmt", "--check", models).code == 0
    lines = cli("sample", FOUND, "-n", "3", "--seed", "5", "--format", "jsonl").out.splitlines()
    for at, line in enumerate(lines):
        text, drawn = spacelang.load(f"{models}#spaceevo_vnni_s5_{at}"), json.loads(line)
        (architecture,) = {spacelang.architecture_of(text)}
        assert architecture.resolution == drawn["resolution"]
        widths = [[layer["width"] for layer in stage["layers"]] for stage in drawn["stages"]]
        assert [[layer.width for layer in stage.layers] for stage in architecture.stages] == widths


def test_sampling_depends_on_the_seed_only(cli: Cli) -> None:
    def drawn(seed: str) -> str:
        return cli("sample", FOUND, "-n", "2", "--seed", seed, "--format", "jsonl").out

    assert drawn("1") == drawn("1") != drawn("2")


def test_a_text_of_very_many_models_is_refused(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("sample", MODEL, "-n", "501")
    assert (code, out) == (1, "")
    assert "a .space text holds at most 500 models; more fit into --format jsonl" in err
    assert cli("sample", SPECS / "ofa_resnet50.space", "-n", "500", "-o", tmp_path / "many.space").code == 0
    assert cli("check", tmp_path / "many.space").code == 0


def test_models_of_a_hyperspace(cli: Cli) -> None:
    code, out, _ = cli("sample", VNNI, "-n", "2", "--seed", "0")
    assert code == 0
    assert cli("check", "-", stdin=out).code == 0


def test_diff_says_what_changed_and_exits_2(cli: Cli) -> None:
    code, out, err = cli("diff", VNNI, SPECS / "vnni_released.space")
    assert (code, err) == (2, "")
    assert "- stages.mbv1.kernel  7\n" in out
    assert "  spaces             240945152 → 95551488\n" in out


def test_diff_of_equal_spaces(cli: Cli) -> None:
    assert cli("diff", VNNI, VNNI) == (0, "No difference.\n", "")


def test_diff_for_programs_and_pull_requests(cli: Cli) -> None:
    other = SPECS / "vnni_released.space"
    code, out, _ = cli("diff", VNNI, other, "--json")
    assert code == 2
    consequences = json.loads(out)["consequences"]
    assert {"what": "spaces", "before": "240945152", "after": "95551488"} in consequences
    code, out, _ = cli("diff", VNNI, other, "--format", "markdown")
    assert code == 2
    assert "| spaces | 240945152 | 95551488 |\n" in out


def test_a_difference_and_an_error_have_different_exit_codes(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("diff", VNNI, tmp_path / "none.space")
    assert code == 1
    assert "error[SP0212]" in err


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository whose file was changed since its only commit, and so was the one that it imports."""
    specs = tmp_path / "deep" / "specs"
    specs.mkdir(parents=True)
    for name in ("vnni.space", "devices.space"):
        (specs / name).write_text((SPECS / name).read_text())
    git = ("git", "-c", "user.name=n", "-c", "user.email=e", "-C", str(tmp_path))
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run([*git, *command], check=True)
    (specs / "vnni.space").write_text((specs / "vnni.space").read_text().replace("top 20", "top 5"))
    (specs / "devices.space").write_text(re.sub(r"threads +1", "threads 2", (specs / "devices.space").read_text()))
    monkeypatch.chdir(tmp_path / "deep")
    return tmp_path


def test_diff_with_a_revision_of_git(cli: Cli, repository: Path) -> None:
    assert repository.exists()
    code, out, err = cli("diff", "HEAD:deep/specs/vnni.space", "specs/vnni.space")
    assert (code, err) == (2, "")
    assert out.startswith("~ device.threads  1 → 2\n~ quality.top  20 → 5\n\n")
    assert out.endswith("\neverything made with the old space still fits\n")
    assert cli("diff", "HEAD:deep/specs/vnni.space#vnni", "specs/vnni.space#vnni") == (2, out, "")


@pytest.mark.parametrize("argument", ["nope:deep/specs/vnni.space", "HEAD:specs/vnni.space", "HEAD:../../x", "--x:y"])
def test_a_revision_that_is_not_there(cli: Cli, repository: Path, argument: str) -> None:
    assert repository.exists()
    code, out, err = cli("diff", "--", argument, "specs/vnni.space")
    assert (code, out) == (1, "")
    assert err.startswith(f"error[SP1001]: {argument}: ")


def test_a_link_out_of_the_repository_is_refused(cli: Cli, repository: Path) -> None:
    (repository / "link.space").symlink_to("/etc/hostname")
    commit = ("-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "link")
    subprocess.run(["git", "-C", str(repository), "add", "."], check=True)
    subprocess.run(["git", "-C", str(repository), *commit], check=True)
    code, out, err = cli("diff", "HEAD:link.space", "specs/vnni.space")
    assert (code, out) == (1, "")
    assert err.startswith("error[SP1001]: HEAD:link.space: ")


def test_an_error_in_a_revision_names_it(cli: Cli, repository: Path) -> None:
    bad = repository / "bad.space"
    bad.write_text("language 1\ndevice d {\n")
    subprocess.run(["git", "-C", str(repository), "add", "."], check=True)
    commit = ("-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "bad")
    subprocess.run(["git", "-C", str(repository), *commit], check=True)
    code, _, err = cli("diff", "HEAD:bad.space", "specs/vnni.space")
    assert code == 1
    assert "--> HEAD:bad.space:3:" in err


def test_a_declaration_is_picked_by_name(cli: Cli, tmp_path: Path) -> None:
    both = tmp_path / "both.space"
    both.write_text(spacelang.dumps(spacelang.load(FOUND), spacelang.load(SPECS / "spaceevo_vnni_large.space")))
    assert json.loads(cli("show", f"{both}#spaceevo_vnni", "--json").out)["name"] == "spaceevo_vnni"
    code, _, err = cli("show", both)
    assert code == 1
    assert "error[SP0810]" in err
    code, _, err = cli("show", f"{both}#spaceevo_vmni")
    assert code == 1
    assert "did you mean `spaceevo_vnni`?" in err


def test_compile_writes_files_and_says_which(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("compile", FOUND, "-o", tmp_path / "build", "--backend", "encoding")
    assert code == 0
    files = [Path(line).name for line in out.splitlines()]
    assert files == ["encoding.json", "ir.json", "manifest.json"]
    assert all(Path(line).is_file() for line in out.splitlines())
    assert "compiled space spaceevo_vnni" in err
    assert cli("compile", FOUND, "-o", tmp_path / "build", "--backend", "encoding").out == out


def test_compile_refuses_to_lose_an_edited_file(cli: Cli, tmp_path: Path) -> None:
    arguments = ("compile", FOUND, "-o", tmp_path, "--backend", "encoding")
    cli(*arguments)
    (tmp_path / "encoding.json").write_text("mine")
    code, _, err = cli(*arguments)
    assert code == 1
    assert "error[SP0808]" in err
    assert (tmp_path / "encoding.json").read_text() == "mine"
    assert cli(*arguments, "--force").code == 0
    assert (tmp_path / "encoding.json").read_text() != "mine"


def test_an_unknown_backend(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("compile", FOUND, "-o", tmp_path, "--backend", "encodign")
    assert code == 1
    assert "did you mean `encoding`?" in err


def test_the_backends_are_listed(cli: Cli) -> None:
    listed = json.loads(cli("backends", "--json").out)["backends"]
    assert [each["name"] for each in listed] == ["bkd", "encoding", "latency", "supernet"]
    out = cli("backends").out
    assert all(each["summary"] in out for each in listed)


def test_a_narrow_terminal_breaks_no_number(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "60"), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, _ = cli("show", SPECS / "vnni_released.space")
    assert code == 0
    words = out.split()
    for width in ("64..144", "112..192", "192..304", "304..448"):
        assert width in words
    assert max(len(line) for line in out.splitlines()) < 80


def test_an_edited_space_does_not_keep_its_encoding(cli: Cli, tmp_path: Path) -> None:
    found = tmp_path / "found.space"
    for each in (VNNI, SPECS / "devices.space"):
        (tmp_path / each.name).write_text(each.read_text())
    cli("decode", tmp_path / "vnni.space", "151122-023231", "-o", found)
    original = found.read_text()
    found.write_text(original.replace("{64, 80}", "{80, 96}"))
    for command in (("encode", found), ("show", found), ("cost", found), ("check", found)):
        result = cli(*command)
        assert result.code == 1
        assert "error[SP0605]: the encoding of `vnni_151122_023231` is 151122-033231" in result.out + result.err
    hash = spacelang.load(VNNI).short_hash
    assert cli("fmt", "--update-origin", "--check", found) == (2, f"would format {found}\n", "")
    assert cli("fmt", "--update-origin", found) == (0, f"formatted {found}\n", "")
    assert cli("encode", found).out == f"vnni@{hash}:151122-033231\n"
    found.write_text(original.replace("{64, 80}", "{64, 256}"))
    for words in (["encode"], ["fmt", "--update-origin"]):
        code, out, err = cli(*words, found)
        assert (code, out) == (1, "")
        assert "error[SP0606]: stage `stage2` doesn't have the width {64, 256} in hyperspace vnni" in err


def test_a_space_without_a_from_line_has_an_encoding_too(cli: Cli, tmp_path: Path) -> None:
    found = tmp_path / "found.space"
    lines = cli("decode", VNNI, "151122-023231").out.splitlines(keepends=True)
    found.write_text("".join(line for line in lines if not line.lstrip().startswith("from")))
    hash = spacelang.load(VNNI).short_hash
    assert cli("encode", found, "--hyperspace", VNNI) == (0, f"vnni@{hash}:151122-023231\n", "")
    code, _, err = cli("encode", found, "--hyperspace", SPECS / "vnni_released.space")
    assert code == 1
    assert "error[SP0606]: resolution: `resolution` is" in err


def test_what_could_not_be_checked_is_said(cli: Cli, tmp_path: Path) -> None:
    found = tmp_path / "found.space"
    text = cli("decode", VNNI, "151122-023231").out
    start = text.index(", checksum")
    found.write_text(text[:start] + text[text.index("\n", start) :])
    code, out, err = cli("encode", found)
    assert (code, out) == (0, f"vnni@{spacelang.load(VNNI).short_hash}:151122-023231\n")
    assert "warning[SP0609]: whether this comes from hyperspace `vnni` can't be checked" in err


def test_a_hyperspace_is_predicted_as_a_space_is(cli: Cli) -> None:
    code, out, _ = cli("predict", SPECS / "digits.space", "--device", "cost-model", "--samples", "3", "--json")
    assert code == 0
    models = json.loads(out)["models"]
    assert [each["name"].split()[1] for each in models] == ["smallest", "largest", "sample", "sample", "sample"]
    smallest, largest, *drawn = (each["ms"] for each in models)
    assert all(smallest < each < largest for each in drawn)
