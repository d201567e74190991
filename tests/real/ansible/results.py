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

    def take(self, result, failed):
        self.tasks.append({"name": result._task.get_name(), "result": dict(result._result, failed=failed)})

    def v2_runner_on_ok(self, result):
        self.take(result, False)

    def v2_runner_on_skipped(self, result):
        self.take(result, False)

    # Also where the playbook ignores it.
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.take(result, True)

    def v2_playbook_on_stats(self, stats):
        print(json.dumps({"tasks": self.tasks, "stats": stats.summarize("localhost")}))
