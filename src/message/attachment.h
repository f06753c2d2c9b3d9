#ifndef OMNI_ATTACHMENT_H
#define OMNI_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/record.h"

/*
 * What goes with a mail: `attachments` of omni-record(5).  The rules are here,
 * so that omni-render and omni-queue refuse under the name of the member what
 * the writer of mails would refuse.
 */
#define ATTACHMENTS_MAX		32
#define ATTACHMENT_NAME_MAX	255	/* bytes of a file name */
#define ATTACHMENT_TYPE_MAX	127	/* each half has 64 at most, RFC 6838 */
#define ATTACHMENT_CID_MAX	128

struct attachment {
	/* One of these three, the others are NULL: */
	const char *path;	/* below [paths] attachments */
	const char *data;	/* base 64 */
	const char *content;	/* key of the ledger's content */
	const char *type;	/* given or guessed, never NULL */
	const char *filename;	/* or NULL: given, or the end of `path` */
	const char *cid;	/* or NULL: a picture in the html */
	const char *method;	/* or NULL: of an invitation, text/calendar */
};

/*
 * Of a record, borrowed from it.  Returns how many there are, 0 without the
 * field; -1 and EX_DATAERR, and a text that begins with the member at fault,
 * "attachments.0.type: ...".
 */
int attachments_read(const struct record *r,
    struct attachment out[ATTACHMENTS_MAX], struct error *e);
/* The same of the array itself, or NULL. */
int attachments_parse(const struct value *all,
    struct attachment out[ATTACHMENTS_MAX], struct error *e);

/*
 * Base 64, RFC 4648 section 4; blanks and line ends in it do not count.  -1
 * when it is none, or when out->full.
 */
int attachment_decode(const char *text, struct buf *out);

/*
 * The next "cid:" in the html that a mail program would follow: in a tag
 * behind a quote, a parenthesis or an equals sign, elsewhere behind "url(".
 * `*id` is where it begins; its length is returned, 0: there are no more.
 */
struct cid_scan {
	const char *at;		/* begin with the html */
	bool in_tag;
	char quote;
};
size_t cid_next(struct cid_scan *s, const char **id);

/* The one of that cid, or NULL. */
const struct attachment *attachment_of_cid(const struct attachment *all,
    size_t count, const char *cid, size_t len);
/* -1 and EX_DATAERR when the html shows what is not attached. */
int attachments_check_html(const struct attachment *all, size_t count,
    const char *html, struct error *e);

#endif
