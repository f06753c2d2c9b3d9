#ifndef OMNI_MISFIT_H
#define OMNI_MISFIT_H

#include "base/error.h"
#include "base/program.h"
#include "base/record.h"

/* Why a record does not fit its template. */
struct misfit {
	const char *code;	/* "missing_variable" */
	char field[160];	/* "vars.at" */
	struct error error;
};

/* Fills it and returns -1. */
int misfit_set(struct misfit *m, const char *code, const char *field,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/*
 * What template_render() found: the data's fault is bad_variable, with `field`
 * the path that it gave; the template's is bad_template.  Returns -1.
 */
int misfit_render(struct misfit *m, const char *field, const struct error *e);

/*
 * Refuses `r` for a template that templates_get() did not give.  What a person
 * can mend is temporary, and so is all that concerns a ladder: a template that
 * is missing for an hour must not use up everybody's steps.
 */
void templates_refuse(struct filter *f, struct record *r,
    const struct error *why);
/* The same for a misfit; what is the template's fault is temporary. */
void misfit_refuse(struct filter *f, struct record *r,
    const struct misfit *m);

#endif
