#!/usr/bin/python
"""belay.host.apply"""

DOCUMENTATION = r"""
module: apply
short_description: Make a host match its definitions, or run a Compose project
description:
  - Carries out the definitions in a folder, or a Compose project, on the managed host.
  - The files must be on the managed host already. Copy them with C(ansible.builtin.copy) or C(ansible.builtin.template) first.
  - Each change must prove itself. If one does not, its app is rolled back, all others are still handled, and the task fails.
  - The task also fails while any app is not as it is declared, for example because a definition is broken.
extends_documentation_fragment: belay.host.belay
options:
  path:
    description:
      - A folder of definitions, a folder with a Compose file, or a Compose file.
      - Without it, the folder that the settings of the managed host name.
    type: path
  files:
    description: Compose files, in place of those that are found. Several are merged in this order.
    type: list
    elements: path
    default: []
  project_name:
    description: The name of the Compose project, and of the app.
    type: str
  profiles:
    description: Profiles of the Compose project to switch on.
    type: list
    elements: str
    default: []
  env_files:
    description: Files with variables for the Compose project, in place of C(.env).
    type: list
    elements: path
    default: []
  take_over:
    description: Names of existing containers or apps to hand over to their definitions.
    type: list
    elements: str
    default: []
  allow_empty:
    description: Accept an empty folder. Every app declared there is removed.
    type: bool
    default: false
  pull:
    description: Ask the registries for newer images, where the definitions say so.
    type: bool
    default: true
  thorough:
    description: Inspect every container for manual changes.
    type: bool
    default: false
  keep:
    description: How many old releases of an app stay.
    type: int
  wait_timeout:
    description: How long a release may take to prove itself, such as C(2m).
    type: str
  settle:
    description: How long a container without a health check must stay up, such as C(10s).
    type: str
author: The Belay authors
"""

EXAMPLES = r"""
- name: The definitions
  ansible.builtin.copy:
    src: containers.d/
    dest: /etc/belay/containers.d/

- name: The host as they say
  belay.host.apply:
    path: /etc/belay/containers.d

- name: A Compose project
  belay.host.apply:
    path: /srv/shop
    project_name: shop
    profiles: [production]
"""

RETURN = r"""
apps:
  description: The apps, as C(belay apply --json) gives them.
  type: list
  elements: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.belay.host.plugins.module_utils import belay as b


def command_of(params):
    words = ["apply"]
    if params["path"]:
        words.append(params["path"])
    for option, values in (
        ("--file", params["files"]),
        ("--profile", params["profiles"]),
        ("--env-file", params["env_files"]),
        ("--take-over", params["take_over"]),
    ):
        for value in values:
            words += [option, value]
    for option, value in (
        ("--project-name", params["project_name"]),
        ("--keep", params["keep"]),
        ("--wait-timeout", params["wait_timeout"]),
        ("--settle", params["settle"]),
    ):
        if value is not None:
            words += [option, str(value)]
    for option, wanted in (
        ("--allow-empty", params["allow_empty"]),
        ("--no-pull", not params["pull"]),
        ("--thorough", params["thorough"]),
    ):
        if wanted:
            words.append(option)
    return words + ["--json", "--exit-unchanged"]


def lines_of(app):
    """What is different and what is done, one line each."""
    lines = []
    for each in app["differences"]:
        lines.append("  " + each["text"])
    for each in app["actions"]:
        lines.append("  %s%s" % (each["step"], " - " + each["reason"] if each["reason"] else ""))
    return lines


def diff_of(apps):
    diffs = []
    for app in apps:
        lines = lines_of(app)
        if lines:
            diffs.append(b.prepared(app["name"] or app["origin"], lines))
    return diffs


def touched(app):
    """Whether anything of the app was changed, or would be."""
    return app["outcome"] != "unchanged"


def main():
    strings = {"type": "list", "elements": "str", "default": []}
    paths = {"type": "list", "elements": "path", "default": []}
    options = dict(
        b.COMMON_OPTIONS,
        path={"type": "path"},
        files=paths,
        project_name={"type": "str"},
        profiles=strings,
        env_files=paths,
        take_over=strings,
        allow_empty={"type": "bool", "default": False},
        pull={"type": "bool", "default": True},
        thorough={"type": "bool", "default": False},
        keep={"type": "int"},
        wait_timeout={"type": "str"},
        settle={"type": "str"},
    )
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    belay = b.Belay(module)
    answer = belay.run(*(command_of(module.params) + (["--dry-run"] if module.check_mode else [])))
    apps = answer.record.get("apps", []) if answer.record else []
    result = {"apps": apps, "changed": any(touched(app) for app in apps)}
    if module._diff or module.check_mode:
        result["diff"] = diff_of(apps)
    if answer.record is None or answer.code not in (0, b.UNCHANGED):
        belay.fail(answer, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
