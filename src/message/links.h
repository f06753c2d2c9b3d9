#ifndef OMNI_LINKS_H
#define OMNI_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"

/*
 * Signed links for the reader of a message: to confirm, to choose what comes,
 * to stop it.
 *
 *	https://clinic.example/omni/confirm?t=1cHnEiappointment-42.r1_2F1vfNf...
 *
 * Behind "t=" is the token, without spaces:
 *
 *	1	version: another form of token begins with another
 *	c	purpose: c confirm, p preferences, u unsubscribe
 *	HnEi	when it ends: quarters of an hour since 1970, rounded up, as 24
 *		bits in base64url, which lasts until 2448
 *	...	the message's id: letters, digits, '-' and '.' as they are, any
 *		other byte as _HH
 *	14	base64url of the first 80 bits of HMAC-SHA-256 over "omni link "
 *		and all of the token before
 *
 * So a link is short enough for an SMS, all of GSM-7, needs no percent-encoding
 * and tells nothing about the person.  80 bits leave two for the last
 * character, which is therefore one of AQgw: a program that finds links in a
 * text, and leaves a '-' or '_' at the end out of them, takes all of it.
 *
 * Mail scanners follow links: a GET shows a page with buttons and changes
 * nothing, a POST does.  Hence there is no link to decline: the page behind
 * "confirm" asks.
 */
#define LINKS_KEY_MIN		32	/* bytes of [links] key */
#define LINKS_KEY_MAX		4096
#define LINKS_BASE_MAX		200	/* bytes of public_url */
#define LINKS_MAILTO_MAX	128
/* What an id may have as it is; a token has '_' as well. */
#define LINK_PLAIN	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
#define LINK_BYTES	LINK_PLAIN "_"
#define LINK_ID_MAX		200	/* bytes; omni-queue takes no longer */
#define LINK_TOKEN_SIZE		(2 + 4 + 3 * LINK_ID_MAX + 14 + 1)
#define LINK_URL_SIZE		(LINKS_BASE_MAX + 16 + LINK_TOKEN_SIZE)

/* RFC 8058 names no time; laws ask for 30 and 60 days, people take longer. */
#define LINK_UNSUBSCRIBE_MIN	(365 * (int64_t)86400)

struct links {
	struct buf key;
	char base[LINKS_BASE_MAX + 1];	/* public_url, no slash at its end */
	const char *mailto;		/* lent by the configuration; or NULL */
	const char *timezone;		/* of [site], lent as well */
	int64_t ttl;
	bool on;			/* key and public_url are set */
};

enum link_purpose {
	LINK_CONFIRM,
	LINK_PREFERENCES,
	LINK_UNSUBSCRIBE,
	LINK_PURPOSES
};

/*
 * From [links] and [site] public_url; the key is read now.  -1 and EX_CONFIG
 * when the key cannot be read or is shorter than LINKS_KEY_MIN, or another
 * setting is no good.  Without a key or a public_url there are no links, which
 * is no error.
 */
int links_init(struct links *l, struct config *c, struct error *e);
/* The same without [links] mailto, for a program that only checks links. */
int links_open(struct links *l, struct config *c, struct error *e);
void links_release(struct links *l);	/* wipes the key */

/* "confirm": the last part of the path, and the name of the variable. */
const char *link_name(enum link_purpose p);
/* The one of that name; LINK_PURPOSES: none. */
enum link_purpose link_purpose_of(const char *name);

/*
 * Both return `out`, or NULL when there are no links or the id is empty or
 * longer than LINK_ID_MAX.
 */
char *link_token(const struct links *l, enum link_purpose p, const char *id,
    instant expires, char out[LINK_TOKEN_SIZE]);
char *link_url(const struct links *l, enum link_purpose p, const char *id,
    instant expires, char out[LINK_URL_SIZE]);

/*
 * Until when a link in this record holds.  To confirm: until the event,
 * `vars.at`, if that is yet to come; a time without an offset is read as the
 * template reads it, in `vars.timezone`, the record's or that of [site], and a
 * date alone means the end of that day.  Otherwise [links] ttl, counted from the
 * record's `expires_at`, the last moment at which it may be sent, or from now
 * if that is later; and to unsubscribe at least LINK_UNSUBSCRIBE_MIN.
 */
instant link_expires(const struct links *l, enum link_purpose p,
    const struct record *r);

/*
 * For templates: {"links": {"confirm": "https://...", "preferences": ...,
 * "unsubscribe": ...}}, given to the caller; NULL when there are no links or
 * the record has no id that can be used.  The same record at the same
 * clock_now() gives the same.
 */
struct value *links_vars(const struct links *l, const struct record *r);

/*
 * What the return path and Reply-To of message `id` name it by, in lower-case
 * letters and digits, which survive servers that fold case: with a key the
 * first 128 bits of HMAC-SHA-256 over "omni mail " and the id, in base 32, so
 * that nobody can make up a bounce or an answer.  Without one it is the
 * beginning of SHA-256, which tells messages apart and proves nothing.
 */
#define LINK_MAIL_TOKEN	27
char *link_mail_token(const struct links *l, const char *id,
    char out[LINK_MAIL_TOKEN]);

enum link_status {
	LINK_GOOD,
	LINK_EXPIRED,	/* was good once */
	LINK_FORGED,	/* of another key or purpose, cut or changed */
	LINK_MALFORMED	/* no token of this version at all */
};

struct link {
	enum link_purpose purpose;
	instant expires;
	char id[LINK_ID_MAX + 1];
};

/*
 * What somebody brought in t=, decoded or not (there is nothing to decode).
 * `out` is filled for LINK_GOOD and LINK_EXPIRED only.
 */
enum link_status link_verify(const struct links *l, enum link_purpose p,
    const char *token, instant now, struct link *out);

/*
 * Adds `text` to `out` with every token left out: the same message, made again
 * an hour later, has other ends in its links and is the same message.
 */
void links_mask(const char *text, struct buf *out);

#endif
