"""Runs belay for the modules of this collection and turns its answers into Ansible's."""

import json

# What belay exits with when --exit-unchanged was given and there was nothing to do.
UNCHANGED = 3

COMMON_OPTIONS = {
    "executable": {"type": "str", "default": "belay"},
    "engine": {"type": "str"},
    "state_dir": {"type": "path"},
}


class Answer:
    """How a command ended: its exit code, its text, and the object that it printed, if it printed one."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err
        self.record = read_object(out)
        self.error = error_in(err)


def read_object(text):
    """The JSON object that the text is, else None."""
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def error_in(text):
    """The last error object among the lines of standard error, else None."""
    found = None
    for line in text.splitlines():
        if line.startswith("{"):
            record = read_object(line)
            if record is not None and isinstance(record.get("error"), dict):
                found = record["error"]
    return found


def sentence_in(text, beginning):
    """What a command says to people after that word, for people; None: nothing."""
    lines = [line[len(beginning) :] for line in text.splitlines() if line.startswith(beginning)]
    return "; ".join(lines) if lines else None


class Belay:
    def __init__(self, module):
        self.module = module
        program = module.params["executable"]
        if "/" not in program:
            program = module.get_bin_path(program, required=True)
        self.command = [program]
        if module.params["engine"]:
            self.command += ["--host", module.params["engine"]]
        if module.params["state_dir"]:
            self.command += ["--state-dir", module.params["state_dir"]]

    def run(self, *arguments):
        """Runs the command. Any exit code is an answer."""
        return Answer(*self.module.run_command(self.command + list(arguments), check_rc=False))

    def change(self, *arguments):
        """Runs a command that has --exit-unchanged: whether it changed anything, and its answer. In check mode it only
        plans. Ends the module if the command failed."""
        arguments = list(arguments) + ["--exit-unchanged"]
        if self.module.check_mode:
            arguments.append("--dry-run")
        answer = self.run(*arguments)
        if answer.code not in (0, UNCHANGED):
            self.fail(answer)
        return answer.code == 0, answer

    def ask(self, *arguments):
        """The object that a command prints with --json. Ends the module if the command failed."""
        answer = self.run(*(list(arguments) + ["--json"]))
        if answer.code != 0 or answer.record is None:
            self.fail(answer)
        return answer.record

    def look_for_app(self, name):
        """The state of an app as `belay status` gives it; None if there is no such app."""
        answer = self.run("status", name, "--json")
        if answer.code == 0 and answer.record is not None:
            return answer.record
        if answer.error is not None and answer.error.get("code") == "app_not_found":
            return None
        self.fail(answer)

    def fail(self, answer, **facts):
        error = answer.error or {}
        message = error.get("message") or sentence_in(answer.err, "belay: ") or answer.err.strip() or answer.out.strip()
        if not message:
            message = "belay ended with exit code %d" % answer.code
        self.module.fail_json(
            msg=message,
            code=error.get("code"),
            hint=error.get("hint") or sentence_in(answer.err, "hint: "),
            rc=answer.code,
            stdout=answer.out,
            stderr=answer.err,
            **facts
        )


def prepared(header, lines):
    """A diff for --diff that is a list of lines."""
    lines = [line for line in lines if line]
    return {"prepared": "".join("%s\n" % line for line in [header] + lines)} if lines else {"prepared": ""}


def of_settings(name, differences):
    """A diff for --diff of the differences that `belay config --diff` lists."""

    def side(which):
        return "".join("%s: %s\n" % (each["field"], each[which]) for each in differences if each[which] is not None)

    return {"before_header": name, "after_header": name, "before": side("before"), "after": side("after")}
