"""`wkasim doctor`, `init` and `import`: what they print and write, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.config.variants import CONFIGS, GUIDE
from wkasim.cli import doctor, import_, init
from wkasim.config.examination import examine
from wkasim.config.report import report_lines
from wkasim.errors import InputError
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario


def run(module: object, *arguments: object) -> Result:
    app = typer.Typer()
    module.register(app)  # type: ignore[attr-defined]
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def error_of(module: object, *arguments: object) -> InputError:
    error = run(module, *arguments).exception
    assert isinstance(error, InputError)
    return error


def test_doctor_guide_exits_with_zero() -> None:
    result = run(doctor, GUIDE)
    assert result.exit_code == 0
    assert "No findings.\n" in result.stdout
    assert "  Everybody sees everybody" in result.stdout


def test_doctor_error_exits_with_one_and_shows_lines_and_verdict() -> None:
    folder = CONFIGS / "all-ports-in-list-wrong"
    result = run(doctor, folder)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert "1 finding: 1 error" in lines
    place = f"{folder}/worker1/repository/conf/axis2/axis2.xml:21"
    assert f"{place}: error: WKA103 A listed address or port is not that of the node" in lines
    assert "  elb is listed with port 4100 and has 4000; 4100 here and 4000 there is how some products are" in lines
    assert any(line.startswith("  worker1 stays ALONE as 192.168.1.132:4000 (ready after") for line in lines)


def test_doctor_lines_fit_a_narrow_terminal_and_say_the_same() -> None:
    examination = examine([CONFIGS / "domain-differs"])
    narrow = [line for text, _ in report_lines(examination, origins=True, width=80) for line in text.split("\n")]
    assert all(len(line) <= 80 or " " not in line.strip() for line in narrow)
    assert "elb      elb, address 192.168.1.206; port 4000; offset 0; http/https 8280/8243;" in narrow
    assert "         domain wso2.esb.domain; sub-domain -; lists mgr.esb.wso2.com:4001" in narrow
    wide = [line for line, _ in report_lines(examination, origins=True, width=200)]
    assert wide[0].startswith("node     role     address        port  offset")
    assert " ".join(" ".join(narrow).split()).endswith(" ".join(" ".join(wide[6:]).split()))


def test_doctor_warning_alone_exits_with_zero() -> None:
    assert run(doctor, CONFIGS / "shorter-list").exit_code == 0


def test_doctor_json_has_findings_and_verdict() -> None:
    result = run(doctor, CONFIGS / "domain-differs", "--format", "json")
    data = json.loads(result.stdout)
    assert [(found["rule"], found["line"], found["nodes"]) for found in data["findings"]] == [
        ("WKA105", 12, ["worker1"])
    ]
    assert data["verdict"]["nodes"][2]["state"] == "starting"
    assert data["nodes"][2]["domain"]["place"].endswith("worker1/repository/conf/axis2/axis2.xml:12")


def test_doctor_sarif_has_rules_and_regions() -> None:
    result = run(doctor, CONFIGS / "domain-differs", "--format", "sarif")
    made = json.loads(result.stdout)["runs"][0]
    (found,) = made["results"]
    assert made["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"] == "WKA105"
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 12}


def test_doctor_origins_name_file_and_line() -> None:
    result = run(doctor, GUIDE, "--origins")
    assert f"  port         4002  ({GUIDE}/worker2/repository/conf/axis2/axis2.xml:14)" in result.stdout.splitlines()


def test_doctor_empty_directory_says_what_is_expected(tmp_path: Path) -> None:
    assert str(error_of(doctor, tmp_path)) == (
        f"{tmp_path}: no configuration of a node in it; "
        "expected repository/conf/axis2/axis2.xml, or axis2.xml, here or one directory below"
    )


def test_doctor_unknown_format_and_profile() -> None:
    assert error_of(doctor, GUIDE, "--format", "xml").problems == ("unknown format 'xml' (known: text, json, sarif)",)
    assert "unknown profile 'nine'" in str(error_of(doctor, GUIDE, "--profile", "nine"))


def test_doctor_bad_declaration_tells_every_problem(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "axis2.xml").write_text("<axisconfig/>")
    (tmp_path / "cluster.yaml").write_text("strat: [a]\nnodes:\n  a: {role: boss, host: here}\n")
    file = tmp_path / "cluster.yaml"
    assert error_of(doctor, tmp_path).problems == (
        f'{file}:1: unknown key "strat" in cluster.yaml; did you mean "start"?',
        f'{file}:3: role "boss" is unknown (known: elb, manager, worker)',
        f'{file}:3: host "here" is not the address of a machine, such as 192.168.1.206',
    )


def test_doctor_hosts_file_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "conf" / "a").mkdir(parents=True)
    (tmp_path / "conf" / "a" / "axis2.xml").write_text("<axisconfig/>")
    (tmp_path / "hosts").write_text("10.0.0.1 secret\n")
    (tmp_path / "conf" / "cluster.yaml").write_text("hosts: ../hosts\n")
    assert str(error_of(doctor, tmp_path / "conf")) == (
        f"{tmp_path}/conf/cluster.yaml: hosts: ../hosts is outside of {tmp_path}/conf; name it with --hosts FILE"
    )
    (tmp_path / "conf" / "cluster.yaml").write_text("hosts: /etc/hosts\n")
    assert run(doctor, tmp_path / "conf").exit_code == 1


def test_doctor_simulates_addresses_of_ipv6(tmp_path: Path) -> None:
    for path in GUIDE.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(GUIDE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text().replace("192.168.1.", "fd00::"))
    result = run(doctor, tmp_path)
    assert result.exit_code == 0
    assert "  assumed: fd00::206: an address of IPv6; taken as 198.18.0.1" in result.stdout.splitlines()
    assert "  Everybody sees everybody" in result.stdout


def test_init_writes_what_doctor_finds_clean(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    result = run(init, "-o", folder, "--hosts", 3, "--workers", 4, "--domain", "wso2.as.domain")
    assert result.stdout == f"27 files written to {folder}; check them with: wkasim doctor {folder}\n"
    checked = run(doctor, folder)
    assert checked.exit_code == 0
    assert "No findings." in checked.stdout
    assert "manager" in (folder / "ports.md").read_text()


def test_init_into_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert error_of(init, "-o", tmp_path).problems == (
        f"{tmp_path}: is not empty; --force writes into it all the same",
    )
    assert run(init, "-o", tmp_path, "--force").exit_code == 0
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--hosts", 0, "0 hosts: write a number from 1 to 100"),
        ("--workers", 2000, "2000 workers: write a number from 1 to 1000"),
        ("--domain", "a b", "domain 'a b': write words of letters and digits with dots between, as wso2.esb.domain"),
    ],
)
def test_init_nonsense_is_refused(tmp_path: Path, option: str, value: object, problem: str) -> None:
    assert error_of(init, "-o", tmp_path / "x", option, value).problems == (problem,)


def test_import_guide_makes_a_scenario_that_converges(tmp_path: Path) -> None:
    file = tmp_path / "guide.yaml"
    assert run(import_, GUIDE, "-o", file).exit_code == 0
    text = file.read_text()
    assert f"#   port           {GUIDE}/worker2/repository/conf/axis2/axis2.xml:14\n" in text
    result = run_scenario(load_scenario(file))
    assert [outcome.verdict for outcome in result.outcomes] == ["passed"]


def test_import_over_an_existing_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    assert error_of(import_, GUIDE, "-o", file).problems == (f"{file}: exists already; --force writes over it",)


def test_import_of_a_cluster_that_is_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "axis2.xml").write_text('<a><clustering enable="false"><members/></clustering></a>')
    assert "wkasim doctor says why" in str(error_of(import_, tmp_path))


def test_import_says_whom_it_leaves_out_and_what_it_assumes(tmp_path: Path) -> None:
    """Else a scenario that passes would stand for a cluster of which it has only a part."""
    file = tmp_path / "cluster.yaml"
    result = run(import_, CONFIGS / "clustering-off", "-o", file)
    told = "worker1 takes no part: clustering is off, or is not that of Tribes with well-known members"
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{told}\n")
    assert f"#   {told}\n" in file.read_text(encoding="utf-8")
    result = run(import_, CONFIGS / "port-is-no-number", "-o", tmp_path / "other.yaml")
    assert result.stderr == "assumed: worker1: localMemberPort: '4000a' is no number; taken as if it were not written\n"
