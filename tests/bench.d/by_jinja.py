"""Renders records by Jinja2: by_jinja.py TEMPLATE SITE <in >out"""
import json
import sys

from jinja2 import Environment

with open(sys.argv[1], encoding="utf-8") as f:
    render = Environment(autoescape=False).from_string(f.read()).render
site = {"name": sys.argv[2]}
loads = json.loads
dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
write = sys.stdout.write
for line in sys.stdin:
    record = loads(line)
    record["text"] = render(site=site, vars=record["vars"])
    write(dumps(record) + "\n")
