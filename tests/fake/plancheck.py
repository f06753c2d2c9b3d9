#!/usr/bin/python3
"""Reads what preload/sqlplans.c wrote, and prints each plan that goes through
more than what is open or due: the whole of a table that grows for ever, or of
an index that narrows it down to no more than a channel.

usage: plancheck.py FILE [REGULAR-EXPRESSION-OF-STATEMENTS]
"""
import re
import sys

# What grows with the years.
GROWS = {"journal", "content", "contact", "address", "contact_address",
         "preference", "contact_opt_out", "consent", "conversation", "message",
         "attempt", "message_attachment", "event", "reminder",
         "reminder_step", "flag", "run"}
# Indexes of what is open or due, or of what a person seldom does.
OPEN = {"message_due", "message_expiring", "message_open", "message_failover",
        "message_held", "message_unread", "message_not_marked",
        "conversation_unread", "attempt_one_open",
        "attempt_open", "flag_open", "flag_reminder", "reminder_due",
        "reminder_contact", "reminder_notice", "journal_confirmed",
        "journal_merged"}
# What many rows share; a message's step or state alone finds too many.
SHARED = {"channel", "channel_type", "provider", "state", "type", "kind",
          "direction", "op", "scope", "number"}


def table_of(name, sql):
    """The table that an alias stands for."""
    found = re.search(r"\b(?:FROM|JOIN|,)\s*(\w+)\s+(?:AS\s+)?%s\b"
                      % re.escape(name), sql)
    return found.group(1) if found and found.group(1) in GROWS else name


def is_bad(plan, sql):
    if "AUTOMATIC" in plan:
        return True
    found = re.match(r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX "
                     r"(\w+))?(?: \((.*)\))?", plan)
    if not found or table_of(found.group(2), sql) not in GROWS:
        return False
    if found.group(3) in OPEN:
        return False
    if found.group(1) == "SCAN":
        # The last rows, and no more of them.
        return not re.search(r"ORDER BY (seq|rowid|j\.seq) DESC\s+LIMIT", sql)
    if not found.group(4):
        return False
    terms = re.findall(r"(\w+|<expr>)([=<>])", found.group(4))
    return all(name in SHARED and sign == "=" for name, sign in terms)


def main():
    wanted = re.compile(sys.argv[2] if len(sys.argv) > 2 else "")
    statements, bad = set(), set()
    for line in open(sys.argv[1], encoding="utf-8"):
        program, what, plan, sql = line.rstrip("\n").split("\t", 3)
        if what != "plan" or not wanted.search(sql):
            continue
        statements.add(sql)
        if is_bad(plan, sql):
            bad.add("%s: %s\n    %s" % (program, plan, " ".join(sql.split())))
    print("\n".join(sorted(bad) + ["%d statements, %d bad plans"
                                   % (len(statements), len(bad))]))
    return 1 if bad or not statements else 0


sys.exit(main())
