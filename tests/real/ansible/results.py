"""Prints what each task of a playbook came to, as one JSON object: {"tasks": [{"name", "result"}], "stats": {…}}."""

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: results
type: stdout
short_description: The results as JSON
description: For the tests.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def __init__(self):
        super().__init__()
        self.tasks = []

    def take(self, result, **_):
        self.tasks.append({"name": result._task.get_name(), "result": result._result})

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_skipped = v2_runner_on_unreachable = take

    def v2_playbook_on_stats(self, stats):
        print(json.dumps({"tasks": self.tasks, "stats": stats.summarize("localhost")}))
