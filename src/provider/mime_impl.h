#ifndef OMNI_MIME_IMPL_H
#define OMNI_MIME_IMPL_H

#include "provider/mime.h"

/*
 * Shared by the parts of the writer of mails: mime.c (the headers, and the
 * whole), mime_address.c, mime_line.c (header lines), mime_text.c (bodies of
 * text) and mime_part.c (what they and the attachments are parts of).
 */
#define ADDRESS_LEN	(MIME_ADDRESS - 1)
#define NAME_LEN	1000	/* bytes of a display name */
#define LINE_COLS	76	/* of a header line with encoded words */
#define ID_LEFT_LEN	200	/* left part of a Message-ID */
#define WORD_COLS	60	/* a longer plain word is encoded, to fold it */

struct mailbox {
	char name[NAME_LEN + 1];	/* "": none */
	char addr[ADDRESS_LEN + 1];	/* the domain in ASCII */
};

/* mime_address.c */
bool mime_is_alnum(char c);
bool mime_is_atext(char c);
bool mime_is_ascii(const char *s, size_t len);
/* Length of the line end at `s`, 0 when there is none. */
size_t mime_line_end(const char *s);
/*
 * The domain as DNS knows it.  `size` is that of `out`.
 */
int mime_domain(const char *field, const char *domain, char *out, size_t size,
    struct error *e);
/* "Name <address>" or "address" */
int mime_mailbox(const char *field, const char *s, struct mailbox *mb,
    struct error *e);
/* A name without the spaces around it. */
int mime_take_name(const char *field, const char *s, size_t len,
    struct mailbox *mb, struct error *e);

/* mime_line.c: a header line that is being written. */
struct line {
	struct buf *out;
	size_t col;
	size_t words;
};

void line_begin(struct line *l, struct buf *out, const char *name);
void line_finish(struct line *l);
/* One word, on a new line when this one has no room for it. */
void line_word(struct line *l, const char *s, size_t len);
/* As it is but for folding: it may have a structure of its own. */
void line_raw(struct line *l, const char *s);
/* Unstructured text, and a display name; encoded where they must be. */
void line_text(struct line *l, const char *s);
void line_name(struct line *l, const char *name);
/* The same for a parameter of Content-Type or Content-Disposition. */
void line_parameter(struct buf *out, const char *name, const char *value);
/* What is left of a file name for readers that know nothing but ASCII. */
void line_ascii_name(const char *name, char out[WORD_COLS + 1]);

/* mime_text.c: text/plain and text/html, each with its own headers. */
void mime_put_plain(const char *s, struct buf *out);
void mime_put_html(const char *s, struct buf *out);

/* mime_part.c: everything below the headers.  -1 as mime_build(). */
int mime_put_body(const struct mail *m, const char *domain, struct buf *out,
    struct error *e);

#endif
