"""The options that all modules have."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  executable:
    description: The program. A name without a slash is looked up on the C(PATH).
    type: str
    default: belay
  engine:
    description:
      - The engine to talk to, as C(unix:///path) or C(tcp://host:port).
      - Without it, Belay uses the default of the managed host.
    type: str
  state_dir:
    description: The folder of Belay's state. Without it, Belay uses its default.
    type: path
requirements:
  - belay on the managed host
notes:
  - In check mode the module runs the same command with C(--dry-run); nothing is changed.
"""
