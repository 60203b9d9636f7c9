"""What ansible-core makes of inventories: cases as JSON on stdin, its answers as JSON on stdout."""

import io
import json
import os
import sys

import ansible.inventory.group
from ansible import context
from ansible.cli import CLI
from ansible.cli.inventory import InventoryCLI
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager


class Ordered(dict):
    """A set that keeps its order: where Ansible leaves the order of groups to chance, theirs is as written."""

    def __init__(self, items=()):
        super().__init__((item, True) for item in items)

    def add(self, item):
        self[item] = True

    def update(self, items):
        for item in items:
            self[item] = True

    def difference_update(self, items):
        for item in items:
            self.pop(item, None)

    def copy(self):
        return Ordered(self)

    def remove(self, item):
        del self[item]


ansible.inventory.group.set = Ordered
warnings = []
Display.warning = lambda self, msg, formatted=False: warnings.append(str(msg))
Display.display = lambda self, msg, **rest: None


def attempt(act):
    try:
        return {"value": act()}
    except BaseException as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


def load(case):
    os.chdir(case["cwd"])
    sources = [one if "," in one else os.path.abspath(one) for one in case["sources"]]
    cli = InventoryCLI.__new__(InventoryCLI)
    cli.loader = DataLoader()
    if case.get("playbookDir"):
        cli.loader.set_basedir(os.path.abspath(case["playbookDir"]))
    cli.inventory = InventoryManager(loader=cli.loader, sources=sources)
    cli.vm = VariableManager(loader=cli.loader, inventory=cli.inventory, version_info=CLI.version_info(gitinfo=False))
    return cli


def options(case, **given):
    basedir = os.path.abspath(case["playbookDir"]) if case.get("playbookDir") else None
    context.CLIARGS = ImmutableDict(dict(yaml=False, toml=False, export=False, show_vars=False, basedir=basedir) | given)


def listed(cli, case, export):
    options(case, export=export)
    return cli.dump(cli.json_inventory(cli._get_group("all")))


def drawn(cli, case, show_vars):
    options(case, show_vars=show_vars)
    return "\n".join(cli._graph_group(cli._get_group("all")))


def hosts(cli, pattern, limit):
    afresh(cli)
    try:
        return [str(host) for host in CLI.get_host_list(cli.inventory, limit, pattern)]
    except AnsibleError:
        if limit:
            raise
        return []


def afresh(cli):
    cli.inventory._subset = None
    cli.inventory.clear_pattern_cache()
    cli.inventory._hosts_patterns_cache = {}
    data = cli.inventory._inventory
    if data.localhost and data.localhost.implicit:
        data.localhost = None


def single(cli, case, pattern):
    options(case)
    afresh(cli)
    found = cli.inventory.get_hosts(pattern)
    if len(found) != 1:
        raise AnsibleError("You must pass a single valid host to --host parameter")
    return cli.dump(cli._get_host_variables(host=found[0]))


def magic(cli):
    def of(host):
        known = host.get_magic_vars()
        return [
            host.name,
            known["inventory_hostname_short"],
            known["group_names"],
        ]

    every = cli.inventory.hosts.values()
    return [cli.inventory.get_groups_dict() if every else {}, [of(host) for host in every]]


def answer(case):
    warnings.clear()
    loaded = attempt(lambda: load(case))
    if "error" in loaded:
        return loaded | {"warnings": list(warnings)}
    cli = loaded["value"]
    return {
        "warnings": list(warnings),
        "list": attempt(lambda: listed(cli, case, False)),
        "export": attempt(lambda: listed(cli, case, True)),
        "graph": attempt(lambda: drawn(cli, case, False)),
        "vars": attempt(lambda: drawn(cli, case, True)),
        "magic": attempt(lambda: magic(cli)),
        "single": [attempt(lambda: single(cli, case, one["pattern"])) for one in case["patterns"]],
        "hosts": [attempt(lambda: hosts(cli, one["pattern"], one.get("limit"))) for one in case["patterns"]],
    }


answers = [answer(case) for case in json.load(sys.stdin)]
json.dump(answers, io.open(sys.stdout.fileno(), "w", encoding="utf-8"))
