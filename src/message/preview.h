#ifndef OMNI_PREVIEW_H
#define OMNI_PREVIEW_H

#include "base/buf.h"
#include "message/templates.h"

/*
 * How messages will look, before anybody gets one: a template in each language
 * and on each of its channels, filled with the examples of its meta.conf.
 *
 * Each of them is a record that goes through render_record(), so that what is
 * shown cannot differ from what is sent.  What would be refused is shown as the
 * refusal.
 *
 * Unless OMNI_NOW is set, the clock is fixed a day before the time in the
 * values: "tomorrow" is then the word that a reader would see.
 */
#define PREVIEW_MAX	(256 * 1024 * 1024)	/* bytes of all of it */

struct preview {
	struct config *config;
	struct templates *templates;
	/* An object in the place of all examples, or NULL. */
	const struct value *data;
	const char *language;	/* of the reader; NULL: each that there is */
	int width;		/* columns of text; 0: nothing is wrapped */
	size_t refused;		/* counted */
};

/*
 * Both show the templates in `names`, which ends with a NULL, and add to `out`;
 * the second a page that needs nothing else and runs nothing.
 */
void preview_text(struct preview *p, const char *const *names,
    struct buf *out);
void preview_html(struct preview *p, const char *const *names,
    struct buf *out);

#endif
