"""Routes records by the same look-ups: by_sqlite.py LEDGER <in >out

Contact, preference, addresses and consent, for each channel in turn; no quiet
hours, templates or reasons.
"""
import json
import sqlite3
import sys

TABLE = {"reminder": ["sms", "whatsapp", "email"]}
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
one = db.cursor()
loads = json.loads
dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
write = sys.stdout.write


def find(contact, kinds):
    for kind in kinds:
        row = one.execute(
            "SELECT b.body, x.hash, x.dead_at FROM contact_address a JOIN "
            "address x ON x.type = a.type AND x.hash = a.hash JOIN content b "
            "ON b.key = x.content WHERE a.contact = ? AND a.type = ? ORDER BY "
            "a.is_primary DESC, a.rank LIMIT 1", (contact, kind)).fetchone()
        if row is None or row[2] is not None:
            continue
        scope = "channel:" + kind
        if one.execute(
                "SELECT 1 FROM consent WHERE hash = ? AND scope IN ('all', ?) "
                "AND state = 'out'", (row[1], scope)).fetchone():
            continue
        if one.execute(
                "SELECT 1 FROM contact_opt_out WHERE contact = ? AND scope IN "
                "('all', ?)", (contact, scope)).fetchone():
            continue
        return kind, row[0]
    return None, None


for line in sys.stdin:
    record = loads(line)
    contact = record["contact"]["id"]
    row = one.execute(
        "SELECT p.channel, c.language, c.timezone FROM contact c LEFT JOIN "
        "preference p ON p.contact = c.id WHERE c.id = ?",
        (contact,)).fetchone()
    kinds = TABLE[record["class"]]
    if row[0] is not None:
        kinds = list(dict.fromkeys([row[0]] + kinds))
    record["language"], record["timezone"] = row[1], row[2]
    record["channel"], record["to"] = find(contact, kinds)
    write(dumps(record) + "\n")
