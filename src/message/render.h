#ifndef OMNI_RENDER_H
#define OMNI_RENDER_H

#include "base/program.h"
#include "message/templates.h"

/*
 * What a person will read: the template in their language, or the record's own
 * text, with the SMS segments it takes and the forecast of its cost.
 */
struct renderer {
	struct config *config;
	struct templates *templates;
	struct value *site;	/* of render_site() */
};

/* What templates know of the clinic: an object with the member `site`. */
struct value *render_site(const struct config *c);
/* For filter_run(): renders one record.  f->ctx is the renderer. */
void render_record(struct filter *f, struct record *r);

#endif
