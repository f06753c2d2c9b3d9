#ifndef OMNI_CONFIG_IMPL_H
#define OMNI_CONFIG_IMPL_H

#include "config.h"
#include "guard.h"

#include <limits.h>

/*
 * Shared by the parts of the configuration only: config.c (the file),
 * config_get.c (what is asked of it), config_keys.c (the keys there are) and
 * config_check.c.
 */

#define NAME_LEN	64

enum config_type {
	TYPE_STRING,
	TYPE_INTEGER,	/* 0 and more */
	TYPE_INTEGERS,	/* one, or two: where a warning begins, and worse */
	TYPE_DECIMAL,	/* "0.05" */
	TYPE_BOOL,	/* yes, no */
	TYPE_DURATION,	/* 90s 15m 2h 1d 1w */
	TYPE_DURATIONS,	/* one or two */
	TYPE_TIME,	/* 21:00 */
	TYPE_ZONE,
	TYPE_REGION,	/* MX: ISO 3166, two capitals */
	TYPE_PATH,
	TYPE_SECRET,	/* env:NAME or file:PATH */
	TYPE_CHANNEL,	/* email sms whatsapp voice push */
	TYPE_CHANNELS,	/* a list of them */
	TYPE_DOUBT,	/* resend flag */
	TYPE_ACCENTS,	/* keep plain */
	TYPE_SCOPE,	/* all channel */
	TYPE_HOLIDAYS,	/* send hold */
	TYPE_HOURS,	/* 09:00-14:00 16:00-19:30 */
	TYPE_STEP,	/* -24h email */
	TYPE_ROLE,	/* read staff admin */
	TYPE_ASSIST	/* draft answer never */
};

struct config_key {
	const char *kind, *key;
	enum config_type type;
	const char *fallback;
};

struct entry {
	struct entry *next;
	const struct config_key *def;
	char *kind, *name, *key, *value, *path;
	struct kept *kept;	/* of a secret, or NULL */
	int line;		/* 0: a built-in default, -1: -o */
	bool is_first;		/* of its section */
};

struct config {
	char file[PATH_MAX], dir[PATH_MAX];
	struct entry *first, **last;
	/* While reading: */
	const char *text;	/* what is left of the file */
	int line, pass;
	bool failed;
	struct error *error;
};

/* config.c */
char *config_duplicate(const char *s);	/* NULL: NULL */
/* An entry that is new or is replaced; line 0 is a built-in default, -1 -o. */
void config_set(struct config *c, int line, const char *section,
    const char *key, const char *value);
/*
 * A file beside others' reach: what it has is addresses that we write to,
 * programs that we run, and secrets.
 */
int config_read(const char *path, enum guard what, struct buf *out,
    struct error *e);

/* config_get.c */
/* `key` NULL: any of that section. */
struct entry *config_entry(const struct config *c, const char *kind,
    const char *name, const char *key);
void config_kept_free(struct kept *k);

/* config_keys.c */

/* Read before the file, so that a file may leave all of this out. */
extern const char config_defaults[];
const char *config_type_name(enum config_type type);
/* Each key in turn, else NULL. */
const struct config_key *config_key_at(size_t i);
/* NULL: there is none.  "step.*" of the table is step.1 to step.99. */
const struct config_key *config_find_key(const char *kind, const char *key);
bool config_is_kind(const char *kind);
/* Whether sections of this kind carry a name, "[channel sms]". */
bool config_is_named(const char *kind);

/* config_check.c */
bool config_fits(enum config_type type, const char *s);
/* References from one section to another; -1 and c->error. */
int config_check(struct config *c);

#endif
