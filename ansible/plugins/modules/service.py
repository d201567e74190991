#!/usr/bin/python
"""belay.host.service"""

DOCUMENTATION = r"""
module: service
short_description: Install, update or destroy a service image
description:
  - Manages services whose image brings its own commands.
  - Installing a service can give its image rights on the host, such as to run scripts there. This module agrees to them.
extends_documentation_fragment: belay.host.belay
options:
  name:
    description: The service.
    type: str
    required: true
  image:
    description: The image to install from. Required unless C(state=absent).
    type: str
  state:
    description:
      - C(present) installs the service if it is not there. An installed service stays as it is.
      - C(latest) also updates it, if its image has changed.
      - C(absent) destroys the service with all its data.
    type: str
    choices: [present, latest, absent]
    default: present
  inside:
    description: Run the scripts of the image in a container instead of on the host.
    type: bool
    default: false
  backup:
    description: With C(state=latest), make a backup before an update.
    type: bool
    default: true
author: The Belay authors
"""

EXAMPLES = r"""
- name: The wiki
  belay.host.service:
    name: wiki
    image: registry.example/wiki:2
    state: latest
"""

RETURN = r"""
service:
  description: The service, as C(belay service ls --json) lists it; null if there is none.
  type: dict
  returned: success
plan:
  description: The steps that would be taken.
  type: list
  elements: str
  returned: in check mode
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.belay.host.plugins.module_utils import belay as b


def installed(belay, name):
    for service in belay.ask("service", "ls")["services"]:
        if service["name"] == name:
            return service
    return None


def command_of(params, there):
    """The command that is needed, without the name of the program; None: none is."""
    name, state = params["name"], params["state"]
    if state == "absent":
        return ["service", "destroy", name, "--yes-lose-data", name] if there else None
    if there is None:
        return ["service", "install", params["image"], name, "-y"] + (["--inside"] if params["inside"] else [])
    if state == "latest":
        return ["service", "update", name, "-y"] + ([] if params["backup"] else ["--no-backup"])
    return None


def state_line(service):
    if service is None:
        return ""
    return "%s %s %s\n" % (service["name"], service["reference"], service["digest"] or service["image_id"])


def main():
    options = dict(
        b.COMMON_OPTIONS,
        name={"type": "str", "required": True},
        image={"type": "str"},
        state={"type": "str", "choices": ["present", "latest", "absent"], "default": "present"},
        inside={"type": "bool", "default": False},
        backup={"type": "bool", "default": True},
    )
    module = AnsibleModule(
        argument_spec=options,
        supports_check_mode=True,
        required_if=[("state", "present", ["image"]), ("state", "latest", ["image"])],
    )
    params, belay = module.params, b.Belay(module)
    before = installed(belay, params["name"])
    if before and params["state"] != "absent" and before["reference"] != params["image"]:
        module.fail_json(
            msg="%s is installed from %s, not from %s; destroy it first, or name that image"
            % (params["name"], before["reference"], params["image"]),
            service=before,
        )
    command = command_of(params, before)
    if command is None:
        module.exit_json(changed=False, service=before)

    answer = belay.run(*(command + ["--json"] + (["--dry-run"] if module.check_mode else [])))
    if answer.code not in (0, b.UNCHANGED) or answer.record is None:
        belay.fail(answer)
    changed = answer.code == 0
    steps = [step["text"] for step in answer.record["steps"]]
    if module.check_mode:
        module.exit_json(
            changed=changed, service=before, plan=steps if changed else [], diff=b.prepared(params["name"], steps)
        )
    after = installed(belay, params["name"])
    module.exit_json(changed=changed, service=after, diff={"before": state_line(before), "after": state_line(after)})


if __name__ == "__main__":
    main()
