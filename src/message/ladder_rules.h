#ifndef OMNI_LADDER_RULES_H
#define OMNI_LADDER_RULES_H

/*
 * Rows of an EscalationRule table on standard input, one JSON object per line:
 *
 *	{"reminder_type": "appointment", "step": 1, "channel": "email",
 *	 "wait_hours": 2, "is_active": true}
 *
 * become sections [ladder TYPE] on standard output.  `wait_hours` is what
 * passes before the next step, and after the last one before the event; so
 * the first comes as long before it as all of them together.  Rows that are not
 * active are left out.  Returns the exit status; with a row that is no good it
 * is EX_DATAERR, and nothing was written.
 */
int ladder_rules(void);

#endif
