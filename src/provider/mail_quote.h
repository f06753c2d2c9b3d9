#ifndef OMNI_MAIL_QUOTE_H
#define OMNI_MAIL_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How mail programs mark what is not the writer's: of mail_text.c alone.  The
 * rules are the same for all languages; the words are in mail_quote_words.c.
 */
struct mail_line {
	const char *s;
	size_t len;		/* without blanks at its end */
	const char *next;
};

/* The line at `s`, without blanks around it. */
struct mail_line mail_line_at(const char *s);
bool mail_line_begins(const struct mail_line *l, const char *words);
/* A '>' or its like stands before it. */
bool mail_line_is_quoted(const struct mail_line *l);

/*
 * "El vie, 20 nov 2026 a las 12:00, Clínica Sol <citas@clinic.example>
 * escribió:", which programs fold: its length in lines, 0 when none begins at
 * `s`.
 */
int mail_quote_announcement(const char *s);
/*
 * How much of its first line is the person's: "Sí On Fri, Sol wrote:".
 */
size_t mail_quote_lead(const struct mail_line *l);
/* What announces only if a quote follows. */
bool mail_quote_is_dated(const struct mail_line *l);
/* "De: Clínica Sol", and soon after it "Enviado:" or its like. */
bool mail_quote_head(const char *s);
/* "-----Mensaje original-----", or a line that goes across the page. */
bool mail_quote_ruler(const struct mail_line *l);
/* A short ruler, which only means something above one of the others. */
bool mail_quote_dash(const struct mail_line *l);
/* "-- " */
bool mail_quote_signature(const struct mail_line *l);
/* "Enviado desde mi iPhone", and other lines that a program adds. */
bool mail_quote_device(const struct mail_line *l);

enum mail_closing {
	MAIL_NO_CLOSING,
	MAIL_THANKS,	/* "Gracias," which says something */
	MAIL_REGARDS	/* "Un saludo,", which does not */
};

enum mail_closing mail_quote_closing(const struct mail_line *l);

/*
 * Words of programs in many languages; of texts in lower case the ASCII alone
 * is folded.
 */
enum mail_field {
	MAIL_FIELD_NONE,
	MAIL_FIELD_FROM,
	MAIL_FIELD_DATE,
	MAIL_FIELD_TO,
	MAIL_FIELD_SUBJECT
};

struct mail_field_name {
	const char *name;
	enum mail_field field;
};

extern const struct mail_field_name mail_field_names[];
/* Each list ends with NULL. */
extern const char *const mail_verbs[], *const mail_openings[],
    *const mail_quotings[], *const mail_originals[], *const mail_devices[],
    *const mail_device_ends[], *const mail_regards[], *const mail_thanks[];

#endif
