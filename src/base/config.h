#ifndef OMNI_CONFIG_H
#define OMNI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

/*
 * The one configuration file, omni.conf(5).
 *
 * Sections have a kind and, most of them, a name: [channel sms] is the section
 * of kind "channel" named "sms".  Every key is known: the table in config_keys.c
 * holds its type and default.  An unknown section or key, a value that is not
 * of its type, and a key given twice are errors that name file and line.
 * The file is read over the built-in defaults, and -o over the file.
 *
 * What a config_...() function returns lives as long as the config.
 */
struct config;

/*
 * `path` NULL: OMNI_CONF, else ../etc/omni.conf beside the running program,
 * else the system's.  Then come the overrides, "section.key=value".
 */
struct config *config_load(const char *path, const char *const *overrides,
    size_t count, struct error *e);
void config_free(struct config *c);
const char *config_file(const struct config *c);

/* Section names of a kind, as they were first met; NULL at the end. */
const char *config_name(const struct config *c, const char *kind, size_t i);
bool config_has(const struct config *c, const char *kind, const char *name);
/*
 * Of the keys step.1, step.2, ... of a section the first one after `after`, and
 * its number; NULL: there is none.
 */
const char *config_step(const struct config *c, const char *kind,
    const char *name, int after, int *number);

/*
 * The value, or the key's default, or NULL when it has none.  `name` is NULL
 * for sections without one.  Asking for a key that is not in the table is a
 * bug and ends the program with EX_SOFTWARE.
 */
const char *config_string(const struct config *c, const char *kind,
    const char *name, const char *key);
int64_t config_integer(const struct config *c, const char *kind,
    const char *name, const char *key);
bool config_bool(const struct config *c, const char *kind, const char *name,
    const char *key);
/* Seconds; 0 when there is no value. */
int64_t config_duration(const struct config *c, const char *kind,
    const char *name, const char *key);
/* Minutes after midnight; -1 when there is no value. */
int config_time_of_day(const struct config *c, const char *kind,
    const char *name, const char *key);
/* A path, made absolute: it is relative to the configuration file. */
const char *config_path(struct config *c, const char *kind, const char *name,
    const char *key);
/*
 * A secret, read now from where env:NAME or file:PATH says, into `out`; one
 * newline at the end of a file is cut off.  -1 when the source is empty or
 * cannot be read; the error names the key, never the secret.
 */
int config_secret(struct config *c, const char *kind, const char *name,
    const char *key, struct buf *out, struct error *e);
/*
 * Reads the secrets `key` of all sections of that kind now, so that
 * config_secret() opens nothing later: neither a secret nor why there is none
 * changes after this.
 */
void config_keep_secrets(struct config *c, const char *kind, const char *key);

/* The types of channel there are; NULL at the end. */
#define CONFIG_CHANNEL_TYPES	5
const char *config_channel_type(size_t i);
/* The one of that name, as it is spelled there; NULL: none, or no name. */
const char *config_channel_type_of(const char *name);
/* The first channel of a type that is active; NULL: nothing could go by it. */
const char *config_active_channel(const struct config *c, const char *type);

/* "email, sms  voice": the i-th word into `out`, false after the last. */
bool config_word(const char *list, size_t i, char *out, size_t size);

/*
 * Opening hours of a day, "09:00-14:00 16:00-19:30" or "closed": how many
 * spans, in minutes after midnight and in order; -1: it is none of these.
 */
#define CONFIG_SPANS	4
struct config_span {
	int start, end;
};
int config_spans(const char *text, struct config_span spans[CONFIG_SPANS]);

/* Whether a section without a name has this key, and whether it is a path. */
bool config_is_key(const char *kind, const char *key);
bool config_is_path(const char *kind, const char *key);

/* Whether there is such a key in sections of this kind, named or not. */
bool config_knows(const char *kind, const char *key);

/* For the manual's test: each "kind key type default" in turn, else NULL. */
const char *config_describe(size_t i, struct buf *out);

#endif
