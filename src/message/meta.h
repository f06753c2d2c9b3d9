#ifndef OMNI_META_H
#define OMNI_META_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/error.h"
#include "base/record.h"
#include "message/language.h"
#include "template/template.h"

/*
 * The file meta.conf of a template: what it is for, the variables it takes, and
 * how it is registered with WhatsApp.  omni-template(5) has its form.
 */
#define META_MAX	(64 * 1024)	/* bytes of the file */
#define META_LINE_MAX	190		/* of a line; inih reads 199 */
#define META_KEY_MAX	49		/* of a key; inih cuts longer ones */

/* All that is wrong with a template, in the order in which it was found. */
struct fault {
	char *file;		/* "appointment_reminder/meta.conf" */
	struct error error;	/* begins with the file's name */
};

struct faults {
	struct fault *list;
	size_t count;
};

void faults_add(struct faults *f, const char *file, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void faults_add_error(struct faults *f, const char *file,
    const struct error *e);
void faults_release(struct faults *f);

enum variable_type {
	VARIABLE_TEXT,
	VARIABLE_NUMBER,
	VARIABLE_MONEY,
	VARIABLE_TIME,
	VARIABLE_DATE,
	VARIABLE_URL,
	VARIABLE_FLAG,
	VARIABLE_LIST,
	VARIABLE_OBJECT,
	VARIABLE_TYPES
};

struct variable {
	struct variable *next;
	char *name;
	enum variable_type type;
	bool required;
	struct value *fallback, *example;	/* or NULL */
	int line;
};

/* WhatsApp's limits, in characters unless it says bytes. */
#define WHATSAPP_BODY_MAX	1024	/* of a template, and beside buttons */
#define WHATSAPP_TEXT_MAX	4096	/* of a text in an open window */
#define WHATSAPP_HEADER_MAX	60
#define WHATSAPP_FOOTER_MAX	60
#define WHATSAPP_TITLE_MAX	20	/* of a button */
#define WHATSAPP_BUTTONS_MAX	10	/* of a template */
#define WHATSAPP_REPLIES_MAX	3	/* of a message in an open window */
#define WHATSAPP_PAYLOAD_MAX	128	/* bytes; of a template's button */
#define WHATSAPP_ID_MAX		256	/* bytes; of a reply button */
#define WHATSAPP_URL_MAX	2000	/* bytes */
#define WHATSAPP_PARAMETERS_MAX	50

struct whatsapp_parameter {
	char *name;			/* "1"; "pet_name" if they are named */
	char *source;			/* "at|day" */
	struct template *expression;	/* NULL: there is a fault about it */
};

struct whatsapp_parameters {
	struct whatsapp_parameter list[WHATSAPP_PARAMETERS_MAX];
	size_t count;
};

enum whatsapp_header {
	WHATSAPP_NO_HEADER,
	WHATSAPP_TEXT_HEADER,
	WHATSAPP_IMAGE_HEADER,
	WHATSAPP_DOCUMENT_HEADER,
	WHATSAPP_VIDEO_HEADER
};

enum whatsapp_button_type {
	WHATSAPP_NO_BUTTON,
	WHATSAPP_BAD_BUTTON,		/* there is a fault about it */
	WHATSAPP_QUICK_REPLY,
	WHATSAPP_URL_BUTTON
};

struct whatsapp_button {
	enum whatsapp_button_type type;
	char *word;			/* "confirm": of a quick reply */
	struct template *suffix;	/* of a URL that changes, or NULL */
	struct template *encoded;	/* the same, its values encoded */
};

/* [whatsapp LANG] */
struct whatsapp_language {
	struct whatsapp_language *next;
	char *name;			/* "es": of the folder */
	char *code;			/* "es_MX": Meta's; or NULL */
	char *titles[WHATSAPP_BUTTONS_MAX];	/* or NULL each */
	char *header_source;		/* of a text header, or NULL */
	struct template *header;
	char *footer;			/* or NULL: the one of [whatsapp] */
	int line;
};

/* [whatsapp] */
struct whatsapp_meta {
	char *name;			/* Meta's; NULL: not registered */
	char *id, *category;		/* or NULL */
	bool named;			/* parameter_format */
	struct whatsapp_parameters body, header;
	enum whatsapp_header header_type;
	struct template *link, *filename;	/* of a header, or NULL */
	char *footer;
	struct whatsapp_button buttons[WHATSAPP_BUTTONS_MAX];
	size_t button_count;
	struct whatsapp_language *languages;
};

struct meta {
	char *class, *topic, *channels;		/* or NULL */
	char *title;
	bool active, requires_approval, approved;
	struct variable *variables;
	struct whatsapp_meta *whatsapp;		/* or NULL */
};

/* "text", "image", …; NULL when there is no header. */
const char *whatsapp_header_name(enum whatsapp_header h);

/*
 * Reads meta.conf of the directory `dir`, the folder `name`.  Never NULL: what
 * is wrong is added to `faults`, and left out.  Classes and topics are those
 * of the configuration.
 */
struct meta *meta_read(const struct config *c, const char *name, int dir,
    struct faults *faults);
void meta_free(struct meta *m);

/*
 * The entry for a language that texts are in: its own, "es-MX", or that of the
 * language without its country, "es".  NULL when there is none.
 */
const struct whatsapp_language *meta_whatsapp_language(const struct meta *m,
    const char *language);

#endif
