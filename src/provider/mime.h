#ifndef OMNI_MIME_H
#define OMNI_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/record.h"
#include "message/attachment.h"

#define MIME_ADDRESS	255	/* RFC 5321 4.5.3.1.3, without brackets; and a NUL */

/*
 * Writes one mail (RFC 5322, 2045-2047, 2231, 2387, 3676).  Pure functions: the same mail gives
 * the same bytes, and nothing is read from the environment or the clock.
 *
 * What is written is plain 7-bit text with CRLF line ends: it passes any
 * server, with or without 8BITMIME, and needs only the doubling of dots on its
 * way.  An address with letters beyond ASCII before the @ is the exception: it
 * stands in its header as it is (RFC 6532), and needs SMTPUTF8.  Everything may come from outside; what could forge a
 * header, an address or a second message is refused, never mended.
 *
 * All members of `struct mail` are borrowed.  Text is UTF-8; the line ends of
 * the bodies may be LF, CR or CRLF.
 */
struct mail {
	const char *id;		/* "appointment-42.r1/1" */
	int attempt;		/* for the envelope; the message is the same */
	const char *from;	/* "Clínica <citas@clinic.example>" or bare */
	const char *reply_to;	/* in the form of `from`, or NULL */
	const char *to;		/* bare address */
	const char *to_name;	/* or NULL */
	const char *subject;	/* not both empty, subject and text */
	const char *text;
	const char *html;	/* or NULL */
	const char *language;	/* "es": Content-Language; or NULL */
	instant date;
	int utc_offset_minutes;
	const char *domain;	/* of the Message-ID; NULL: that of `from` */
	const char *envelope_from;	/* only checked; "" or NULL: none */
	const char *automatic;	/* Auto-Submitted: "auto-generated"; or NULL */
	const char *in_reply_to;	/* one message id, or NULL */
	const struct value *headers;	/* name: string, or NULL */
	const struct attachment *attachments;	/* each with its data */
	size_t attachment_count;
};

/*
 * Replaces what `out` holds by the whole message.  Returns -1, with `out`
 * empty and EX_DATAERR and the name of the field in `e`, for
 *
 * - a control character, a line end or bad UTF-8 in a header or address
 *   (bodies may hold control characters: they are encoded);
 * - an address that is not safe;
 * - an attachment whose data is not base 64, or html that shows a picture
 *   (cid:) that no attachment is;
 * - no id; neither subject, text nor html; a message longer than out->max;
 * - one of `headers` that is not a string, has a bad name, or a name that is
 *   written here (or would redirect the mail: Bcc, Cc, Sender, Resent-*,
 *   Return-Path, Received).
 */
int mime_build(const struct mail *m, struct buf *out, struct error *e);

/*
 * "<...@domain>" from our id and not from the attempt, so that a second copy
 * can be recognised as the same message.  Bytes that a Message-ID cannot hold
 * become "=HH", as does "=" itself: two ids never share one Message-ID.  An id
 * longer than 200 bytes so written becomes "sha256-" and its digest.
 *
 * Returns `out`; NULL when it is too small (512 always do) or the id is empty
 * or the domain not a plain ASCII domain.
 */
char *mime_message_id(const char *id, const char *domain, char *out,
    size_t size);

/*
 * Whether `addr` is one address that can stand between the angle brackets of
 * MAIL FROM and RCPT TO, and nothing else: local part of atoms and dots, one
 * @, a domain name (no literal), UTF-8, at most 254 bytes.
 */
bool mime_address_is_safe(const char *addr);

/*
 * Such an address as it goes out, its domain in ASCII.  -1 and EX_DATAERR when
 * it is not safe, or IDNA does not allow the domain.
 */
int mime_address(const char *field, const char *addr, char out[MIME_ADDRESS],
    struct error *e);

#endif
