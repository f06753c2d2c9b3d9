/*
 * What the replies of an SMTP server mean (RFC 5321, 3463, 5248).
 *
 * The class digit that was received decides whether it is worth trying again;
 * what was refused, and the enhanced status code, what is to be learnt from it.
 */
#include "provider_impl.h"

#include <stdio.h>
#include <string.h>

#define MINUTE		60
#define HOUR		3600
/* Greylisting servers want to see the same mail again, but not at once. */
#define GREYLISTED	(5 * MINUTE)

/* "5.1.1" in "550 5.1.1 no such user": subject and detail. */
static bool
enhanced(const char *text, int code, int *subject, int *detail)
{
	int class;

	text += strspn(text, "0123456789");
	text += strspn(text, " -");
	return sscanf(text, "%1d.%3d.%3d", &class, subject, detail) == 3 &&
	    class == code / 100;
}

/*
 * No such mailbox, system or syntax; moved; takes no mail at all; disabled;
 * somebody else's by now.
 */
bool
smtp_is_dead(int subject, int detail)
{
	return (subject == 1 && ((detail >= 1 && detail <= 3) || detail == 6 ||
	    detail == 10)) || (subject == 2 && detail == 1) ||
	    (subject == 7 && detail == 17);
}

/* Our own: authentication and encryption; SPF, DKIM, DMARC, reverse DNS. */
static bool
is_setup(int subject, int detail)
{
	return subject == 7 && ((detail >= 8 && detail <= 14) ||
	    (detail >= 20 && detail <= 27) || detail == 515);
}

/*
 * The sender is the same for all mails: who refuses it refuses us.  But a mail
 * may be too large, or need SMTPUTF8, and MAIL is where that is said.
 */
static enum outcome
sender_outcome(int code, bool known, int subject, int detail)
{
	if (code == 552 || (known && ((subject == 2 && detail == 3) ||
	    (subject == 3 && detail == 4) || subject == 6)))
		return OUTCOME_REFUSED;
	return OUTCOME_SETUP;
}

/*
 * A full mailbox (5.2.2) is alive, but 5yz is not to be tried again as it is,
 * and this mail would be of little use when it has been emptied: another
 * channel has its turn now.
 */
enum outcome
smtp_outcome(int code, const char *text, enum smtp_stage stage)
{
	int subject = 0, detail = 0;
	bool known;

	if (code >= 200 && code < 300)
		return OUTCOME_ACCEPTED;
	if (code == 530 || code == 534 || code == 535 || code == 538)
		return OUTCOME_SETUP;
	if (code < 500)
		return OUTCOME_LATER;
	/* Nobody looked at any mail of ours yet. */
	if (stage == SMTP_CONNECT)
		return OUTCOME_SETUP;
	known = enhanced(text, code, &subject, &detail);
	if (known && is_setup(subject, detail))
		return OUTCOME_SETUP;
	if (stage == SMTP_MAIL)
		return sender_outcome(code, known, subject, detail);
	if (known)
		return smtp_is_dead(subject, detail) ? OUTCOME_ADDRESS :
		    OUTCOME_REFUSED;
	/* Where there is but one recipient, 556 is its null MX. */
	return stage == SMTP_RCPT && (code == 550 || code == 551 ||
	    code == 553 || code == 556) ? OUTCOME_ADDRESS : OUTCOME_REFUSED;
}

/* Of a 4yz: is it the server's trouble, or how long is this mail to wait? */
static void
say_when(const struct response *r, struct verdict *out)
{
	int subject = 0, detail = 0;
	bool known = enhanced(r->text, r->code, &subject, &detail);

	if (r->code == 421 || r->stage == SMTP_CONNECT ||
	    (known && subject == 3))
		out->outage = true;
	else if (known && subject == 2 && detail == 2)
		out->wait = HOUR;
	else if (r->code == 450 || r->code == 451)
		out->wait = GREYLISTED;
}

void
smtp_read(const struct response *r, struct verdict *out)
{
	memset(out, 0, sizeof(*out));
	text_escape(out->text, sizeof(out->text), r->text, strlen(r->text));
	if (r->failed) {
		snprintf(out->code, sizeof(out->code), "transfer %d", r->code);
		out->outcome = r->started ? OUTCOME_UNKNOWN :
		    r->certificate ? OUTCOME_SETUP : OUTCOME_LATER;
		return;
	}
	snprintf(out->code, sizeof(out->code), "%d", r->code);
	out->outcome = smtp_outcome(r->code, r->text, r->stage);
	if (out->outcome == OUTCOME_LATER)
		say_when(r, out);
}
