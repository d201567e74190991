#!/usr/bin/python
"""belay.host.app"""

DOCUMENTATION = r"""
module: app
short_description: Run, stop or remove an app
description:
  - Runs an app from an image or a folder with a Dockerfile, or starts, stops or removes it.
  - A new release must prove itself. If it does not, the release before runs again and the task fails.
  - Apps with settings of their own (ports, volumes, variables) are better declared in files, with M(belay.host.apply).
extends_documentation_fragment: belay.host.belay
options:
  name:
    description: The app.
    type: str
    required: true
  state:
    description:
      - C(running) deploys C(image) or C(path). With neither, it starts C(release).
      - C(stopped) stops the app and keeps it stopped.
      - C(restarted) restarts it, which always counts as a change.
      - C(absent) removes the app. Its volumes stay, unless C(volumes=true).
    type: str
    choices: [running, stopped, restarted, absent]
    default: running
  image:
    description: The image to run. It is pulled if it is missing.
    type: str
  path:
    description:
      - A folder with a Dockerfile, or a Dockerfile, on the managed host. The image is built from it.
      - Check mode cannot know what a build will make, and reports a change.
    type: path
  release:
    description:
      - The release to start if neither C(image) nor C(path) is given, such as C(last), C(stable) or C(r4).
      - Without it, the one that should run now, else C(last).
    type: str
  checks:
    description: What the new release must answer to prove itself, such as C(GET :8080/health 200).
    type: list
    elements: str
    default: []
  options:
    description:
      - More options of C(belay deploy), a word each, such as C(["--pull"]).
      - Do not put secrets here. The list of processes shows them.
    type: list
    elements: str
    default: []
  accept_lost_settings:
    description:
      - Go on even if the new release lacks a mount, a variable, a port or a limit of the release before, or if this image failed before.
    type: bool
    default: false
  snapshot:
    description: Keep the data as the old release left it.
    type: bool
    default: false
  autostart:
    description: What is started when the host starts.
    type: str
    choices: [none, last, stable]
  wait_timeout:
    description: How long the release may take to prove itself, such as C(2m).
    type: str
  settle:
    description: How long a container without a health check must stay up, such as C(10s).
    type: str
  volumes:
    description: With C(state=absent), also remove the volumes of the app and all data in them.
    type: bool
    default: false
author: The Belay authors
"""

EXAMPLES = r"""
- name: A cache
  belay.host.app:
    name: cache
    image: redis:7.2
    autostart: last

- name: The shop, built on the host
  belay.host.app:
    name: shop
    path: /srv/shop
    checks: ["GET :8080/health 200"]
    wait_timeout: 2m

- name: The release before
  belay.host.app:
    name: shop
    release: r7

- name: No longer needed; its data stays
  belay.host.app:
    name: cache
    state: absent
"""

RETURN = r"""
app:
  description: The app afterwards, as C(belay status NAME --json) gives it; null if there is none.
  type: dict
  returned: success
plan:
  description: The steps that would be taken, in lines.
  type: list
  elements: str
  returned: in check mode
code:
  description: The kind of the error, if Belay gives one.
  type: str
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.belay.host.plugins.module_utils import belay as b


def timing(params):
    words = []
    for option in ("wait_timeout", "settle"):
        if params[option]:
            words += ["--" + option.replace("_", "-"), params[option]]
    return words


def command_of(params):
    """The command that makes the app as it is wanted, without the name of the program."""
    name = params["name"]
    confirmed = ["--yes"] if params["accept_lost_settings"] else []
    if params["state"] == "stopped":
        return ["stop", name]
    if params["state"] == "restarted":
        return ["restart", name] + timing(params)
    if params["image"] or params["path"]:
        words = ["deploy", name]
        words += ["--image", params["image"]] if params["image"] else [params["path"]]
        for check in params["checks"]:
            words += ["--check", check]
        if params["snapshot"]:
            words.append("--snapshot")
        return words + confirmed + timing(params) + params["options"]
    words = ["start", name]
    if params["release"]:
        words.append(params["release"])
    return words + confirmed + timing(params)


def removal(params):
    words = ["remove", params["name"], "--yes"]
    if params["volumes"]:
        words += ["--volumes", "--yes-lose-data", params["name"]]
    return words


def differences(belay, name, before, after):
    """What the settings of two releases differ in. Nothing, if one of them is not there."""
    releases = [state.get("release") if state else None for state in (before, after)]
    if None in releases or releases[0] == releases[1]:
        return []
    return belay.ask("config", name, releases[1], "--diff", releases[0])["differences"]


def main():
    options = dict(
        b.COMMON_OPTIONS,
        name={"type": "str", "required": True},
        state={"type": "str", "choices": ["running", "stopped", "restarted", "absent"], "default": "running"},
        image={"type": "str"},
        path={"type": "path"},
        release={"type": "str"},
        checks={"type": "list", "elements": "str", "default": []},
        options={"type": "list", "elements": "str", "default": []},
        accept_lost_settings={"type": "bool", "default": False},
        snapshot={"type": "bool", "default": False},
        autostart={"type": "str", "choices": ["none", "last", "stable"]},
        wait_timeout={"type": "str"},
        settle={"type": "str"},
        volumes={"type": "bool", "default": False},
    )
    module = AnsibleModule(
        argument_spec=options,
        supports_check_mode=True,
        mutually_exclusive=[("image", "path", "release")],
    )
    params, name = module.params, module.params["name"]
    belay = b.Belay(module)
    before = belay.look_for_app(name)
    wanted_gone = params["state"] == "absent"
    if before is None and wanted_gone:
        module.exit_json(changed=False, app=None)

    changed, answer = belay.change(*(removal(params) if wanted_gone else command_of(params)))
    plan = answer.out.splitlines() if module.check_mode and changed else []

    if params["autostart"] and not wanted_gone:
        # Nothing can be asked about an app that would only be made.
        if module.check_mode and before is None:
            plan.append("autostart of %s: %s" % (name, params["autostart"]))
        else:
            marked, answer = belay.change("autostart", name, params["autostart"])
            changed = changed or marked
            if module.check_mode and marked:
                plan += answer.out.splitlines()

    after = before if module.check_mode else (None if wanted_gone else belay.look_for_app(name))
    result = {"changed": changed, "app": after}
    if module.check_mode:
        result["plan"] = plan
        result["diff"] = b.prepared(name, plan)
    elif module._diff and changed:
        found = differences(belay, name, before, after)
        if found:
            result["diff"] = b.of_settings(name, found)
        else:
            result["diff"] = {
                "before": "%s\n" % (before or {}).get("wish", "no app"),
                "after": "%s\n" % (after or {}).get("wish", "no app"),
            }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
