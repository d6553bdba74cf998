"""Examples for CI systems, as files of their own.

    ci.py DOCUMENT ACTION FOLDER           takes every YAML block out of a document, checks that it is YAML and that it gives
                                           the action only inputs that it has; GitHub's workflows go to FOLDER
    ci.py --inputs ACTION [NAME VALUE]...  the environment of the action's suite step, for a shell to source
"""

import re
import shlex
import sys
from pathlib import Path

import yaml


def inputs(path, given):
    action = yaml.safe_load(Path(path).read_text())
    values = {name: str(what.get("default", "")) for name, what in action["inputs"].items()}
    for name, value in zip(given[::2], given[1::2]):
        assert name in values, f"the action has no input `{name}`"
        values[name] = value
    [step] = [step for step in action["runs"]["steps"] if step.get("id") == "suite"]
    for variable, value in step["env"].items():
        if match := re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value):
            print(f"export {variable}={shlex.quote(values[match[1]])}")
    missing = [name for name in values if f"inputs.{name} " not in Path(path).read_text()]
    assert not missing, f"inputs that nothing uses: {missing}"


def examples(document, path, folder):
    action = yaml.safe_load(Path(path).read_text())
    folder.mkdir(parents=True)
    blocks = re.findall(r"```yaml\n(.*?)```", Path(document).read_text(), re.S)
    assert blocks, f"{document} has no examples"
    workflows = 0
    for number, block in enumerate(blocks):
        parsed = yaml.safe_load(block)
        assert isinstance(parsed, dict), f"example {number} is no mapping"
        if "jobs" not in parsed:
            continue
        workflows += 1
        (folder / f"{number}.yml").write_text(block)
        for job in parsed["jobs"].values():
            for step in job["steps"]:
                if "brownout@" in step.get("uses", ""):
                    unknown = set(step.get("with", {})) - set(action["inputs"])
                    assert not unknown, f"example {number}: the action has no input {unknown}"
    assert workflows, f"{document} has no workflow"
    for name, what in action["inputs"].items():
        assert "description" in what and f"`{name}`" in Path(document).read_text(), f"{document} does not name `{name}`"
    # actionlint does not read actions, but it reads the same steps in a workflow.
    steps = [step for step in action["runs"]["steps"]]
    names = {name: {"description": what["description"], "type": "string"} for name, what in action["inputs"].items()}
    workflow = {
        "name": "action",
        "on": {"workflow_call": {"inputs": names}},
        "jobs": {"steps": {"runs-on": "ubuntu-latest", "steps": steps}},
    }
    (folder / "action.yml").write_text(yaml.safe_dump(workflow, sort_keys=False, width=10_000))
    print(f"ok   YAML: action.yml and {len(blocks)} examples of {document}, {workflows} of them workflows")


if sys.argv[1] == "--inputs":
    inputs(sys.argv[2], sys.argv[3:])
else:
    examples(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
