#!/usr/bin/python
"""belay.host.backup"""

DOCUMENTATION = r"""
module: backup
short_description: Back up an app, now or on a schedule
description:
  - Writes the data and the settings of an app to one file.
  - With C(schedule), it installs a systemd timer that does so, or with C(state=absent) removes it.
extends_documentation_fragment: belay.host.belay
options:
  name:
    description: The app.
    type: str
    required: true
  state:
    description:
      - C(present) makes a backup, or with C(schedule) installs the timer.
      - C(absent) removes the timer. Backups stay.
    type: str
    choices: [present, absent]
    default: present
  place:
    description:
      - A folder or a file, local or remote, such as C(/srv/backups) or C(sftp://backup@nas.example/srv/belay).
      - Without it, the default of the managed host.
    type: str
  max_age:
    description:
      - Make a backup only if the newest good one is older than this, such as C(12h) or C(7d). Without it, each run makes one.
    type: str
  schedule:
    description: When, in the syntax of systemd, such as C(daily) or C(Mon..Fri 03:00).
    type: str
  app_meanwhile:
    description: What the app does while its data is read.
    type: str
    choices: [pause, stop, live]
    default: pause
  before:
    description: Commands to run in the container before its data is read.
    type: list
    elements: str
    default: []
  after:
    description: Commands to run in the container afterwards.
    type: list
    elements: str
    default: []
  with_image:
    description: Include the image.
    type: bool
    default: false
  keep:
    description: Which older backups in that place stay, such as C(last=7,weekly=4). Without it, all.
    type: str
  recipients:
    description: Public keys to encrypt for.
    type: list
    elements: str
    default: []
author: The Belay authors
"""

EXAMPLES = r"""
- name: A backup before an upgrade
  belay.host.backup:
    name: shop
    max_age: 1h

- name: A backup each night, to the NAS
  belay.host.backup:
    name: shop
    place: sftp://backup@nas.example/srv/belay
    schedule: "03:00"
    keep: last=7,weekly=4,monthly=6
"""

RETURN = r"""
backup:
  description: The backup that was made, as C(belay backup NAME --json) gives it.
  type: dict
  returned: when a backup was made
newest:
  description: The backup that is young enough, as C(belay backups NAME --json) gives it.
  type: dict
  returned: when none had to be made
"""

import datetime
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.belay.host.plugins.module_utils import belay as b

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(module, text):
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        module.fail_json(msg="max_age: '%s' is no duration; write it as 12h, 7d or 1d12h" % text)
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def age(taken):
    """Of a time as Belay writes it: 2026-01-31T09:05:07.123Z, with a fraction only if there is one."""
    moment = datetime.datetime.strptime(taken[:19], "%Y-%m-%dT%H:%M:%S")
    return (datetime.datetime.utcnow() - moment).total_seconds()


def is_at(backup, place):
    return place is None or backup["file"] == place or backup["file"].startswith(place.rstrip("/") + "/")


def young_one(module, belay):
    """The newest backup without a fault that is not older than max_age; None: there is none."""
    limit = seconds(module, module.params["max_age"])
    for backup in belay.ask("backups", module.params["name"])["backups"]:
        if backup["trouble"] is None and is_at(backup, module.params["place"]):
            return backup if age(backup["taken"]) <= limit else None
    return None


def command_of(params):
    words = ["backup", params["name"]]
    if params["place"]:
        words += ["--output", params["place"]]
    words.append("--" + params["app_meanwhile"])
    for option, values in (
        ("--before", params["before"]),
        ("--after", params["after"]),
        ("--recipient", params["recipients"]),
    ):
        for value in values:
            words += [option, value]
    if params["with_image"]:
        words.append("--with-image")
    if params["keep"]:
        words += ["--keep", params["keep"]]
    return words


def unit_files(name):
    folder = os.environ.get("BELAY_UNIT_FOLDER", "/etc/systemd/system")
    return [os.path.join(folder, "belay-backup-%s.%s" % (name, kind)) for kind in ("service", "timer")]


def texts(files):
    found = []
    for path in files:
        try:
            with open(path) as unit:
                found.append(unit.read())
        except FileNotFoundError:
            found.append("")
    return "".join(found)


def essence(text):
    return [line for line in text.splitlines() if line.strip()]


def install_timer(module, belay):
    command = command_of(module.params) + ["--install-timer", "--schedule", module.params["schedule"]]
    planned = belay.run(*(command + ["--dry-run"]))
    if planned.code != 0:
        belay.fail(planned)
    before = texts(unit_files(module.params["name"]))
    changed = essence(before) != essence(planned.out)
    if changed and not module.check_mode:
        answer = belay.run(*command)
        if answer.code != 0:
            belay.fail(answer)
    module.exit_json(changed=changed, diff={"before": before, "after": planned.out})


def remove_timer(module, belay):
    files = unit_files(module.params["name"])
    before = texts(files)
    changed = any(os.path.exists(path) for path in files)
    if changed and not module.check_mode:
        answer = belay.run("backup", module.params["name"], "--remove-timer")
        if answer.code != 0:
            belay.fail(answer)
    module.exit_json(changed=changed, diff={"before": before, "after": ""})


def main():
    strings = {"type": "list", "elements": "str", "default": []}
    options = dict(
        b.COMMON_OPTIONS,
        name={"type": "str", "required": True},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        place={"type": "str"},
        max_age={"type": "str"},
        schedule={"type": "str"},
        app_meanwhile={"type": "str", "choices": ["pause", "stop", "live"], "default": "pause"},
        before=strings,
        after=strings,
        with_image={"type": "bool", "default": False},
        keep={"type": "str"},
        recipients=strings,
    )
    module = AnsibleModule(
        argument_spec=options, supports_check_mode=True, mutually_exclusive=[("max_age", "schedule")]
    )
    belay = b.Belay(module)
    if module.params["state"] == "absent":
        remove_timer(module, belay)
    if module.params["schedule"]:
        install_timer(module, belay)

    if module.params["max_age"]:
        newest = young_one(module, belay)
        if newest is not None:
            module.exit_json(changed=False, newest=newest)
    command = command_of(module.params)
    if module.check_mode:
        answer = belay.run(*(command + ["--dry-run"]))
        if answer.code != 0:
            belay.fail(answer)
        plan = answer.out.splitlines()
        module.exit_json(changed=True, plan=plan, diff=b.prepared(module.params["name"], plan))
    made = belay.ask(*command)
    result = {"changed": True, "backup": made}
    if module._diff:
        result["diff"] = b.prepared(module.params["name"], ["+ " + made["file"]] + ["- " + gone for gone in made["removed"]])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
