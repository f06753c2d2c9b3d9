#ifndef OMNI_VARIABLES_H
#define OMNI_VARIABLES_H

#include "message/misfit.h"
#include "message/templates.h"

/*
 * The variables of a record, as its template's meta.conf declares them.
 */

/*
 * `vars` as the template shall see them, to be freed: a copy in which the
 * defaults stand where the record has nothing, and optional variables that are
 * empty are not there at all.  NULL and `why` when one that is required is
 * missing or empty, or any is not of its type.  The variables of a template
 * that nobody declared are left alone.
 */
struct value *variables_fill(const struct template_set *set,
    const struct value *vars, struct misfit *why);

/* Null, "", nothing visible, [] and {}: what exports have for "not there". */
bool variable_is_empty(const struct value *v);
/* Why a value is not of the type, "is not a time"; NULL when it is. */
const char *variable_misfit(enum variable_type type, const struct value *v);

#endif
