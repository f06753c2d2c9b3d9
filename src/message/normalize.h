#ifndef OMNI_NORMALIZE_H
#define OMNI_NORMALIZE_H

#include "base/program.h"
#include "message/phonebook.h"

/* Addresses, language, time zone and times in one form. */
struct normalizer {
	struct phonebook *phones;
	const struct config *config;
	const char *language, *timezone;
};

void normalize_init(struct normalizer *n, struct config *c);
/*
 * Before the program is confined: [filter] confine.  What it opens afterwards
 * are zones.
 */
void normalize_launch(struct normalizer *n);
void normalize_release(struct normalizer *n);

/* For filter_run(): f->ctx is the normalizer. */
void normalize_prepare(struct filter *f, const struct record *r);
void normalize_record(struct filter *f, struct record *r);

#endif
