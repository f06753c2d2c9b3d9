#ifndef OMNI_WHATSAPP_H
#define OMNI_WHATSAPP_H

#include "message/misfit.h"
#include "message/templates.h"

/*
 * What WhatsApp takes.  Within 24 hours after a person wrote, anything; at any
 * other time nothing but a template that Meta has approved, filled with
 * parameters.  Which of the two it is shows only when the message is sent, so
 * a record carries both: `whatsapp.template` and `whatsapp.session`, each as it
 * goes over the wire.
 *
 * A button brings back "WORD:REF", such as "confirm:k7.r2": what it means, and
 * the reminder with its revision, or the message's id when there is none.
 */
struct whatsapp_message {
	const struct record *record;	/* for `id` and `reminder` */
	const char *text;		/* what was rendered, or is its own */
	/* NULL for a text of the record's own: */
	const struct template_set *set;
	const char *language;		/* of the part, as templates_part() */
	const struct template_env *env;	/* that the part was rendered with */
};

/* The object for the record's `whatsapp`, to be freed; NULL and `why`. */
struct value *whatsapp_content(const struct whatsapp_message *m,
    struct misfit *why);

/*
 * The text as it must be registered with Meta: the part `whatsapp` of that
 * language with {{1}}, or {{pet_name}}, in the place of each expression that is
 * a parameter.  Adds to `out`.  -1: it cannot be registered, and why.
 */
int whatsapp_meta_text(const struct template_set *set, const char *language,
    struct buf *out, struct error *e);
/* The same for a text header; adds nothing when the language has none. */
int whatsapp_meta_header(const struct template_set *set,
    const char *language, struct buf *out, struct error *e);

#endif
