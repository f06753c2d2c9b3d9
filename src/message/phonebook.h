#ifndef OMNI_PHONEBOOK_H
#define OMNI_PHONEBOOK_H

#include "base/arena.h"
#include "base/error.h"

/*
 * Telephone numbers as people write them, made into E.164.
 *
 * They go through the program phonenumber(1), which is started at the first
 * number.  Prefixes that Mexico gave up in 2019 (+52 1, 044, 045, 01) are
 * taken off before, so that any version of libphonenumber gives the same
 * answer.
 *
 * Questions may be asked ahead: phonebook_expect() sends one and does not
 * wait, phone_normalize() waits for what is not answered by then.  Answers
 * are kept, and no number is asked twice while they are.  A helper that dies,
 * hangs or answers what it was not asked is started again once for each
 * question that it left; see phonebook.c for what comes of the second time.
 */
struct phonebook;

enum address_result {
	ADDRESS_OK,
	ADDRESS_REFUSED,	/* *why says so in words */
	ADDRESS_UNKNOWN		/* the helper failed: a later run may cure it */
};

/* `program` and `region` must outlive it. */
struct phonebook *phonebook_new(const char *program, const char *region);
void phonebook_free(struct phonebook *b);
/* From here on it may be asked by who may start no program any more. */
void phonebook_launch(struct phonebook *b);

/* A hint that phone_normalize() will come for this one. */
void phonebook_expect(struct phonebook *b, const char *raw);

struct phone {
	const char *e164, *line, *extension;	/* extension NULL: none */
};
enum address_result phone_normalize(struct phonebook *b, const char *raw,
    struct arena *mem, struct phone *out, const char **why, struct error *e);

#endif
