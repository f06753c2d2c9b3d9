#ifndef OMNI_RENDER_H
#define OMNI_RENDER_H

#include "base/program.h"
#include "message/links.h"
#include "message/misfit.h"
#include "message/templates.h"

/*
 * What a person will read: the template in their language, or the record's own
 * text, with the SMS segments it takes and the forecast of its cost.
 */
struct renderer {
	struct config *config;
	struct templates *templates;
	struct value *site;	/* of render_site() */
	struct links links;
	/*
	 * Nothing will be sent: a template need not be active or approved,
	 * and the account need not be configured.
	 */
	bool preview;
};

/* What templates know of the clinic: an object with the member `site`. */
struct value *render_site(const struct config *c);
/* Of a channel's type: the part that becomes the text. */
enum part render_main_part(const char *channel);
/* For filter_run(): renders one record.  f->ctx is the renderer. */
void render_record(struct filter *f, struct record *r);

/*
 * The text of one part as a reader gets it: without blanks around it, a
 * subject as one line.  -1 and `why` when it cannot be.  `t` NULL gives
 * nothing.
 */
int render_part(const struct template *t, struct template_env *env,
    enum part part, struct buf *out, struct misfit *why);

#endif
