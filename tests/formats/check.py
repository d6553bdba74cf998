"""Reads every file of a report folder with somebody else's program, and compares what it says with the JSON report.

Ends with code 1 at the first difference.
"""

import argparse
import csv
import json
import math
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import xmlschema
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from markdown_it import MarkdownIt
from prometheus_client.openmetrics.parser import text_string_to_metric_families

HOUR_US = 3_600_000_000


class Report:
    """A folder, and the JSON reports in it: a document a scenario."""

    def __init__(self, folder):
        self.folder = Path(folder)
        documents = [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]
        documents = [document for document in documents if document.get("format") == "brownout-report"]
        # Where scenarios have several seeds there is a document a run beside that of the scenario, which has `seeds`.
        many = [document for document in documents if "seeds" in document]
        self.all = documents
        self.chapters = {document["scenario"]: document for document in many or documents}

    def path(self, end):
        return self.folder / end

    def stem(self, scenario):
        return "".join(char if char.isalnum() or char in "._-" else "-" for char in scenario)


def same(what, found, expected):
    assert found == expected, f"{what}: found {found!r}, and the JSON report says {expected!r}"


def told(what):
    print(f"ok   {what}")


def check_json(report, schema):
    validator = jsonschema.Draft202012Validator(json.loads(Path(schema).read_text()))
    for document in report.all:
        errors = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]
        assert not errors, f"{document['scenario']}: {errors[:5]}"
    told(f"JSON: {len(report.all)} documents keep the schema")


def checks(document):
    """What a test report has to list, and how each of it ended."""
    judgement = document["judgement"]
    promises = [p for p in judgement["promises"] if p["checked"] or p["violations"]]
    verdicts = ["fail" if promise["violations"] else "pass" for promise in promises]
    verdicts += [result["verdict"] for result in judgement["expectations"] + judgement["scripted"]]
    if "seeds" in document:
        verdicts.append(document["seeds"]["verdict"])
    if "diff" in document:
        verdicts.append("fail" if document["diff"]["change"] == "worse" else "pass")
    return verdicts


def check_junit(report, xsd):
    path = report.path("junit.xml")
    for name in ["JUnit.xsd", "junit-10.xsd"]:
        xmlschema.XMLSchema(str(Path(xsd) / name)).validate(str(path))
    suites = ElementTree.parse(path).getroot().findall("testsuite")
    same("test suites", len(suites), len(report.chapters))
    for suite in suites:
        # XML knows no control characters; no scenario here has any.
        document = report.chapters[suite.get("name")]
        cases = suite.findall("testcase")
        failures, errors = suite.findall("testcase/failure"), suite.findall("testcase/error")
        verdicts = checks(document)
        same("test cases", len(cases), len(verdicts) + 1)
        same("failures", len(failures), verdicts.count("fail"))
        same("attributes", [int(suite.get(key)) for key in ["tests", "failures", "errors"]],
             [len(cases), len(failures), len(errors)])
        names = [case.get("name") for case in cases]
        same("distinct names", len(set(names)), len(names))
        bad = {"pass": 0, "fail": len(failures), "inconclusive": len(errors)}[document["verdict"]]
        assert (bad > 0) == (document["verdict"] != "pass"), f"{suite.get('name')}: {document['verdict']}"
        if document["verdict"] == "pass":
            same("what failed of a pass", len(failures) + len(errors), 0)
        for element in failures + errors:
            assert element.get("message") and "reproduce: brownout run " in element.text, element.text
    told(f"JUnit: both schemas are kept, {len(suites)} suites say what the JSON reports say")


def merged(path, wanted):
    """All intervals of a log whose tag is wanted in one histogram."""
    reader = HistogramLogReader(str(path), HdrHistogram(1, HOUR_US, 3))
    total, tags, last = HdrHistogram(1, HOUR_US, 3), set(), 0.0
    while (interval := reader.get_next_interval_histogram()) is not None:
        tags.add(interval.get_tag())
        assert interval.get_start_time_stamp() >= last, f"{path}: intervals out of order"
        last = interval.get_start_time_stamp()
        if wanted(interval.get_tag()):
            total.add(interval)
    reader.close()
    return total, tags


def percentile(histogram, share):
    """The value at the rank that a share means, whatever the library makes of halves."""
    count = histogram.get_total_count()
    rank = max(1, math.ceil(share * count))
    return min(histogram.get_value_at_percentile(100.0 * rank / count), histogram.get_max_value()) / 1e6


def check_hlog(report):
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
    compared = 0
    for scenario, document in report.chapters.items():
        header, judgement = document["judgement"]["header"], document["judgement"]
        warmup = [phase["name"] for phase in header["phases"] if phase["kind"] == "warmup"]
        plain = lambda name: "".join(char if char.isalnum() or char in "._-" else "_" for char in name)
        for figure in ["first_token", "total", "error"]:
            path = report.path(f"{report.stem(scenario)}.{figure}.hlog")
            parts = [(judgement["whole"], lambda tag: tag.split("/")[0] not in map(plain, warmup))]
            for phase in judgement["phases"]:
                parts.append((phase, lambda tag, name=plain(phase["name"]): tag.split("/")[0] == name))
            for phase, wanted in parts:
                expected = phase["distributions"].get(f"latency.{figure}")
                if not path.exists():
                    assert expected is None, f"{path} is missing"
                    continue
                histogram, _ = merged(path, wanted)
                if expected is None:
                    same(f"{path.name}: count of {phase['name']}", histogram.get_total_count(), 0)
                    continue
                same(f"{path.name}: count of {phase['name']}", histogram.get_total_count(), expected["count"])
                for name, share in shares.items():
                    same(f"{path.name}: {name} of {phase['name']}", percentile(histogram, share), expected[name])
                    compared += 1
    assert compared, "nothing was compared"
    told(f"HDR logs: {compared} percentiles of merged intervals are those of the JSON reports")


def check_csv(report):
    with report.path("figures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {(row["scenario"], row["phase"], row["figure"], row["stat"]): float(row["value"]) for row in rows}
    compared = 0
    for scenario, document in report.chapters.items():
        for phase in [document["judgement"]["whole"], *document["judgement"]["phases"]]:
            expected = {(name, ""): value for name, value in phase["numbers"].items()}
            for name, distribution in phase["distributions"].items():
                expected |= {(name, stat): value for stat, value in distribution.items() if stat != "buckets"}
            expected |= {(f"outcome.{name}", "count"): count for name, count in phase["outcomes"].items()}
            for (figure, stat), value in expected.items():
                same(f"{scenario}, {phase['name']}, {figure}", found[scenario, phase["name"], figure, stat], value)
                compared += 1
    assert all(row["unit"] for row in rows if row["phase"] != "seeds"), [row for row in rows if not row["unit"]][:3]
    told(f"CSV: {len(rows)} rows, {compared} of them compared with the JSON reports")


def check_requests(report):
    tables = sorted(report.folder.glob("*.requests.csv"))
    documents = {(d["scenario"], d["seed"]): d for d in report.all}
    same("tables", len(tables), len(documents))
    for (scenario, seed), document in documents.items():
        stem = report.stem(scenario)
        path = report.path(f"{stem}.requests.csv")
        path = path if path.exists() else report.path(f"{stem}@{seed}.requests.csv")
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        warmup = [p["name"] for p in document["judgement"]["header"]["phases"] if p["kind"] == "warmup"]
        judged = [row for row in rows if row["phase"] not in warmup]
        whole = document["judgement"]["whole"]
        same(f"{scenario}: requests", len(judged), whole["requests"])
        for outcome, count in whole["outcomes"].items():
            same(f"{scenario}: {outcome}", sum(row["outcome"] == outcome for row in judged), count)
        if "latency.total" in whole["distributions"]:
            answered = ["primary", "fallback", "degraded", "rescued"]
            totals = [float(row["total"]) for row in judged if row["outcome"] in answered]
            mean = whole["distributions"]["latency.total"]["mean"]
            assert abs(sum(totals) / len(totals) - mean) < 1e-6, f"{scenario}: mean"
    told(f"requests: {len(tables)} tables add up to the JSON reports")


def check_openmetrics(report):
    text = report.path("metrics.txt").read_text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    gauge = families["brownout_availability_ratio"]
    same("unit", (gauge.type, gauge.unit), ("gauge", "ratio"))
    found = {(s.labels["scenario"], s.labels["phase"]): s.value for s in gauge.samples}
    counts = {}
    for sample in families["brownout_latency_total_seconds"].samples:
        if sample.name.endswith("_count"):
            key = (sample.labels["scenario"], sample.labels["phase"])
            counts[key] = counts.get(key, 0) + sample.value
    for scenario, document in report.chapters.items():
        for phase in document["judgement"]["phases"]:
            key = (scenario, phase["name"])
            same(f"availability of {key}", found.get(key), phase["numbers"].get("availability"))
            expected = phase["distributions"].get("latency.total", {"count": 0})["count"]
            same(f"answers of {key}", counts.get(key, 0), expected)
    verdicts = {s.labels["scenario"]: s.labels["verdict"] for s in families["brownout_verdict"].samples if s.value}
    same("verdicts", verdicts, {name: document["verdict"] for name, document in report.chapters.items()})
    told(f"OpenMetrics: {len(families)} families are parsed and agree with the JSON reports")


def check_markdown(report):
    text = report.path("summary.md").read_text()
    assert len(text.encode()) < 1 << 20, "GitHub takes no more than 1 MiB"
    html = MarkdownIt("commonmark").enable("table").render(text)
    rows = html.split("<tbody>")[1].split("</tbody>")[0].count("<tr>")
    same("rows of the table", rows, len(report.chapters))
    for scenario in report.chapters:
        name = scenario.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        assert f"<td>{name}</td>" in html, f"no row for {name}"
    bad = sum(document["verdict"] != "pass" for document in report.chapters.values())
    same("stories", html.count("<h3>"), bad)
    told(f"Markdown: rendered, {rows} rows and {bad} stories")


def unescaped(text):
    for char, code in [("\n", "%0A"), ("\r", "%0D"), (":", "%3A"), (",", "%2C"), ("%", "%25")]:
        text = text.replace(code, char)
    return text


def check_github(report):
    lines = report.path("annotations.txt").read_text().splitlines()
    levels = {"error": 0, "warning": 0}
    for line in lines:
        # ::error file=a,line=1,title=b::message
        head, _, message = line.removeprefix("::").partition("::")
        level, _, properties = head.partition(" ")
        levels[level] += 1
        properties = dict(pair.split("=", 1) for pair in properties.split(","))
        assert set(properties) <= {"file", "line", "col", "title"} and message, line
        if "file" in properties:
            paths = {document["judgement"]["header"]["path"] for document in report.chapters.values()}
            assert unescaped(properties["file"]) in paths, line
    assert max(levels.values()) <= 10, levels
    verdicts = [document["verdict"] for document in report.chapters.values()]
    same("errors", levels["error"] > 0, "fail" in verdicts)
    told(f"annotations: {levels['error']} errors, {levels['warning']} warnings")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--xsd", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("folder")
    args = parser.parse_args()
    report = Report(args.folder)
    assert report.chapters, "no reports"
    check_json(report, args.schema)
    check_junit(report, args.xsd)
    check_hlog(report)
    check_csv(report)
    check_requests(report)
    check_openmetrics(report)
    check_markdown(report)
    check_github(report)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"FAIL {error}")
        sys.exit(1)
