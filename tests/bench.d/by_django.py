"""Renders records by Django: by_django.py TEMPLATE SITE <in >out"""
import json
import sys

from django.conf import settings
from django.template import Context, Engine

settings.configure(USE_I18N=False, USE_L10N=False)
with open(sys.argv[1], encoding="utf-8") as f:
    render = Engine(autoescape=False).from_string(f.read()).render
site = {"name": sys.argv[2]}
loads = json.loads
dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
write = sys.stdout.write
for line in sys.stdin:
    record = loads(line)
    record["text"] = render(Context({"site": site, "vars": record["vars"]},
                                    autoescape=False))
    write(dumps(record) + "\n")
