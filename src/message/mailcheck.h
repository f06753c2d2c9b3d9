#ifndef OMNI_MAILCHECK_H
#define OMNI_MAILCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/record.h"

/*
 * What keeps one mail from arriving, or makes its reader doubt it, as far as
 * that shows in the mail itself.  Pure functions: nothing is sent, looked up
 * or changed.
 */
enum mail_level {
	MAIL_NOTE,	/* good to know */
	MAIL_WARNING,	/* filters or readers may mind */
	MAIL_ERROR	/* it will be refused, or misleads its reader */
};
const char *mail_level_name(enum mail_level l);

/* All of it is lent for the call. */
struct mail_finding {
	enum mail_level level;
	const char *field;	/* "subject" */
	const char *code;	/* one word, for programs: "subject_long" */
	const char *text;	/* "what: why" */
};

struct mail_report {
	void (*found)(void *ctx, const struct mail_finding *f);
	void *ctx;
};

#define MAIL_FINDING_MAX	480	/* bytes of a text, with its NUL */
#define MAIL_CLIPPED		(102 * 1024)	/* bytes of HTML, at Gmail */
#define MAIL_TOO_LARGE		(10 * 1024 * 1024)
#define MAIL_LINE_MAX		998	/* RFC 5322 2.1.1 */
#define MAIL_SUBJECT_COLUMNS	78
#define MAIL_LINKS_MANY		20
#define MAIL_TOLD_MAX		5	/* findings of one kind in a mail */

struct mail_content {
	const char *subject, *text, *html;	/* NULL: not there */
	const char *to_name, *in_reply_to;
	const char *class;
	bool can_opt_out;	/* [class NAME] unsubscribe */
	const struct value *headers;
	const char *message;	/* as it goes out; NULL: it cannot be built */
	size_t len;
};

void mail_check(const struct mail_content *m, const struct mail_report *out);

/* Of the sender, "Name <address>", and where answers go, or NULL. */
void mail_check_sender(const char *from, const char *reply_to,
    const struct mail_report *out);

void mail_found(const struct mail_report *out, enum mail_level level,
    const char *field, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * "Clínica <citas@clinic.example>": what stands between the brackets, or all
 * of it.
 */
void mail_address_of(const char *mailbox, char *out, size_t size);
/*
 * The part of a domain that somebody registered (the Public Suffix List):
 * clinic.com.mx for mail.clinic.com.mx.  What DMARC calls aligned is equal in
 * it.  The domain itself where there is no more to it.
 */
const char *mail_registered(const char *domain);
bool mail_is_aligned(const char *one, const char *other);

#endif
